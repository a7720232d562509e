import { Decrypter, Encrypter } from "age-encryption";
import { EXIT_CODE, type ExitCode } from "../../shared/terminal/exit_code.ts";
import { systemReason } from "../../shared/terminal/system_failure.ts";
import { UserError } from "../../shared/terminal/user_error.ts";

/** How a file that age has encrypted begins (https://age-encryption.org/v1). */
const AGE_START = "age-encryption.org/v1";
const MAX_KEY_FILE_BYTES = 64 * 1024;

/** Compresses bytes, and encrypts them to recipients; to nobody leaves them open to whoever has the file. */
export async function seal(
  bytes: AsyncIterable<Uint8Array>,
  recipients: readonly string[],
): Promise<ReadableStream<Uint8Array>> {
  const packed = ReadableStream.from(bytes).pipeThrough(gzip());
  if (recipients.length === 0) return packed;
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (cause) {
      throw new UserError(
        `Cannot encrypt to "${recipient.slice(0, 80)}": expected a public key of age, age1…`,
        { exitCode: EXIT_CODE.usage, cause },
      );
    }
  }
  return await encrypter.encrypt(packed);
}

/**
 * The bytes that were sealed into a file.
 *
 * @throws {UserError} if none of the identities opens it; what is damaged fails while it is read.
 */
export async function* unseal(
  path: string,
  identities: readonly string[],
): AsyncGenerator<Uint8Array> {
  const cannot: Cannot = (why, cause, exitCode = EXIT_CODE.failed) =>
    new UserError(`Cannot use backup "${path}": ${why}`, { exitCode, cause });
  const file = await open(path, cannot);
  try {
    const start = new Uint8Array(AGE_START.length);
    const read = await file.read(start) ?? 0;
    await file.seek(0, Deno.SeekMode.Start);
    const isEncrypted = new TextDecoder().decode(start.subarray(0, read)) === AGE_START;
    const packed = isEncrypted ? await decrypt(file.readable, identities, cannot) : file.readable;
    yield* packed.pipeThrough(new DecompressionStream("gzip") as ByteTransform);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw cannot("it is damaged or cut off. Take another", cause);
  }
}

/** Lines of a file of keys, as age-keygen writes it: without remarks. @throws {UserError} if there are none. */
export async function readKeyFile(path: string): Promise<string[]> {
  const text = await Deno.stat(path).then(
    ({ size }) => size > MAX_KEY_FILE_BYTES ? "" : Deno.readTextFile(path),
  ).catch((cause) => {
    throw new UserError(`Cannot read keys from "${path}": ${systemReason(cause)}`, {
      exitCode: EXIT_CODE.usage,
      cause,
    });
  });
  const keys = text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length > 0) return keys;
  throw new UserError(`Cannot read keys from "${path}": there are none`, {
    exitCode: EXIT_CODE.usage,
  });
}

/** Why a backup is of no use. */
type Cannot = (why: string, cause?: unknown, exitCode?: ExitCode) => UserError;

/** The library types of streams leave the kind of buffer open, which these do not care about. */
type ByteTransform = TransformStream<Uint8Array, Uint8Array>;

function gzip(): ByteTransform {
  return new CompressionStream("gzip") as ByteTransform;
}

async function open(path: string, cannot: Cannot) {
  try {
    return await Deno.open(path);
  } catch (cause) {
    throw cannot(systemReason(cause), cause, EXIT_CODE.usage);
  }
}

async function decrypt(
  sealed: ReadableStream<Uint8Array>,
  identities: readonly string[],
  cannot: Cannot,
): Promise<ReadableStream<Uint8Array>> {
  if (identities.length === 0) {
    const why = "it is encrypted. Name the file of the key with --identity";
    throw cannot(why, undefined, EXIT_CODE.usage);
  }
  const decrypter = new Decrypter();
  for (const identity of identities) {
    try {
      decrypter.addIdentity(identity);
    } catch (cause) {
      throw cannot("the file of --identity holds no secret key of age", cause, EXIT_CODE.usage);
    }
  }
  try {
    return await decrypter.decrypt(sealed);
  } catch (cause) {
    throw cannot("none of the keys opens it, or it is damaged", cause);
  }
}
