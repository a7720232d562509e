import { join } from "node:path";
import type { Secret } from "../../shared/crypto/secret.ts";
import type { Signer } from "../../shared/crypto/ed25519.ts";
import { signDelegation, type TopicHead } from "../../shared/puddle/delegation.ts";
import { type NameClaim, signNameClaim } from "../../shared/puddle/name_claim.ts";
import type { WrapCost, WrappedIdentity } from "../../shared/puddle/wrapped_identity.ts";
import { syncFolder, writeFileDurable } from "../../shared/platform/durable_write.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { FileError } from "../system/file_error.ts";
import { isOwnFolder, lstatIfPresent } from "./guarded_file.ts";
import {
  MAX_RETIRED,
  readNameClaim,
  readPublicKey,
  readRetired,
  readWrapped,
  type WrappedFiles,
} from "./puddle_home.ts";
import { puddlePaths } from "./puddle_paths.ts";
import { PuddleAbsentError } from "./puddle_session.ts";
import { loadSeed, makeSeed } from "./seed_signer.ts";
import { makeSalt, unwrapIdentity, wrapIdentity } from "./wrap_identity.ts";

/** There is an identity already, and nothing ever replaces one unasked. */
export class PuddlePresentError extends UserError {
  constructor(home: string) {
    super(
      `There is an identity in ${
        puddlePaths(home).folder
      } already, and it is not overwritten. See "vigo swarm puddle status"; "vigo swarm puddle leave" removes it`,
    );
  }
}

/** What arrives from another machine of a puddle. */
export interface ReceivedIdentity extends WrappedFiles {
  readonly retired: Awaited<ReturnType<typeof readRetired>>;
  readonly name?: NameClaim;
}

/**
 * Makes an identity and wraps it. It exists from the moment `identity.wrapped` does: salt before, public key after.
 *
 * @returns The public key.
 * @throws {PuddlePresentError} if there is one.
 */
export async function createIdentity(
  home: string,
  passphrase: Secret,
  cost?: WrapCost,
): Promise<string> {
  await requireNoIdentity(home);
  const seed = makeSeed();
  const salt = makeSalt();
  try {
    const wrapped = await wrapIdentity(seed, { passphrase, salt, ...(cost ? { cost } : {}) });
    await storeIdentity(home, { wrapped, salt, retired: [] });
    return wrapped.header.publicKey;
  } finally {
    seed.fill(0);
  }
}

/** Makes the folder of a puddle that is to come. */
export async function prepareFolder(home: string): Promise<void> {
  await makeFolder(puddlePaths(home).folder);
}

/** Writes what another machine handed over. @throws {PuddlePresentError} if there is an identity. */
export async function storeIdentity(home: string, received: ReceivedIdentity): Promise<void> {
  await requireNoIdentity(home);
  const paths = puddlePaths(home);
  const { wrapped, salt, retired, name } = received;
  await makeFolder(paths.folder);
  await makeFolder(paths.retired);
  for (const delegation of retired) {
    const path = join(paths.retired, `${delegation.oldKey}.json`);
    await write(path, toText(delegation), 0o644);
  }
  if (name) await write(paths.name, toText(name), 0o644);
  await write(paths.salt, salt, 0o600);
  await write(paths.wrapped, toText(wrapped), 0o600);
  await write(paths.publicKey, `${wrapped.header.publicKey}\n`, 0o644);
}

/**
 * Finishes or undoes what a crash left half done; needs no passphrase. A change of the key counts from the moment at which
 * the old key's delegation lies in `retired/`.
 */
export async function settleIdentity(home: string): Promise<void> {
  const paths = puddlePaths(home);
  const present = await readWrapped(home);
  const next = await readWrapped(home, "wrappedNext");
  let publicKey = present?.wrapped.header.publicKey;
  if (next && present) {
    const newKey = next.wrapped.header.publicKey;
    const isDelegated = (await readRetired(home))
      .some((one) => one.oldKey === publicKey && one.newKey === newKey);
    if (isDelegated) {
      await Deno.rename(paths.wrappedNext, paths.wrapped);
      publicKey = newKey;
    } else await Deno.remove(paths.wrappedNext);
    await syncFolder(paths.folder);
  }
  if (publicKey === undefined) return;
  const said = await readPublicKey(home).catch(() => undefined);
  if (said !== publicKey) await write(paths.publicKey, `${publicKey}\n`, 0o644);
}

/**
 * The private seed; the caller overwrites it after use.
 *
 * @throws {PuddleAbsentError | WrongPassphraseError}
 */
export async function openIdentity(home: string, passphrase: Secret): Promise<Uint8Array> {
  await settleIdentity(home);
  const files = await readWrapped(home);
  if (!files) throw new PuddleAbsentError();
  return await unwrapIdentity(files.wrapped, { passphrase, salt: files.salt });
}

/**
 * Wraps the identity under another passphrase, in one step: the old one opens it until the new one does. Other machines of
 * the puddle keep theirs.
 */
export async function rotatePassphrase(
  home: string,
  { present, next, cost }: {
    readonly present: Secret;
    readonly next: Secret;
    readonly cost?: WrapCost;
  },
): Promise<void> {
  const seed = await openIdentity(home, present);
  try {
    const { salt } = await requireWrapped(home);
    const wrapped = await wrapIdentity(seed, { passphrase: next, salt, ...(cost ? { cost } : {}) });
    await write(puddlePaths(home).wrapped, toText(wrapped), 0o600);
  } finally {
    seed.fill(0);
  }
}

/** Signs a claim of a name, and keeps it. */
export async function claimName(
  home: string,
  passphrase: Secret,
  claim: { readonly name: string; readonly nowMs: number },
): Promise<NameClaim> {
  return await withSigner(home, passphrase, async (signer) => {
    const before = await readNameClaim(home).catch(() => undefined);
    // A clock that was set back does not make a new claim an old one.
    const atMs = before?.publicKey === signer.publicKey.toHex()
      ? Math.max(claim.nowMs, before.claimedAtMs + 1)
      : claim.nowMs;
    const signed = signNameClaim(signer, claim.name, atMs);
    await write(puddlePaths(home).name, toText(signed), 0o644);
    return signed;
  });
}

/** What a change of the key came to. */
export interface Rekeyed {
  readonly oldKey: string;
  readonly newKey: string;
}

/**
 * Makes a new key under the same passphrase, and a delegation by the old one that lists the heads of all topics. Steps: the
 * new key beside the old one; the delegation; the new key in place. After a crash {@linkcode settleIdentity} undoes what
 * came before the delegation and finishes what came after it.
 *
 * @param readHeads the heads at this moment; called when nothing else can fail for a wrong passphrase.
 */
export async function rekey(
  home: string,
  passphrase: Secret,
  { readHeads, nowMs, cost }: {
    readHeads(): Promise<readonly TopicHead[]>;
    readonly nowMs: number;
    readonly cost?: WrapCost;
  },
): Promise<Rekeyed> {
  const paths = puddlePaths(home);
  return await withSigner(home, passphrase, async (oldSigner) => {
    const retired = await readRetired(home);
    const oldKey = oldSigner.publicKey.toHex();
    refuseRekey(retired, oldKey);
    const { salt } = await requireWrapped(home);
    const seed = makeSeed();
    try {
      const newSigner = loadSeed(seed);
      const wrapped = await wrapIdentity(seed, { passphrase, salt, ...(cost ? { cost } : {}) });
      const heads = [...await readHeads()];
      const delegation = signDelegation({ oldSigner, newSigner }, { heads, issuedAtMs: nowMs });
      await write(paths.wrappedNext, toText(wrapped), 0o600);
      await makeFolder(paths.retired);
      await write(join(paths.retired, `${oldKey}.json`), toText(delegation), 0o644);
      await settleIdentity(home);
      const name = await readNameClaim(home).catch(() => undefined);
      if (name) {
        const signed = signNameClaim(newSigner, name.name, Math.max(nowMs, name.claimedAtMs));
        await write(paths.name, toText(signed), 0o644);
      }
      return { oldKey, newKey: delegation.newKey };
    } finally {
      seed.fill(0);
    }
  });
}

/**
 * Removes the puddle from a home, the private half first.
 *
 * @returns whether there was anything.
 */
export async function removeIdentity(home: string): Promise<boolean> {
  const paths = puddlePaths(home);
  const found = await lstatIfPresent(paths.folder);
  if (found === undefined) return false;
  if (found.isDirectory()) {
    for (const path of [paths.wrapped, paths.wrappedNext, paths.salt]) {
      await Deno.remove(path).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
  }
  // A link is removed, not followed.
  await Deno.remove(paths.folder, { recursive: found.isDirectory() });
  return true;
}

function refuseRekey(retired: Awaited<ReturnType<typeof readRetired>>, oldKey: string): void {
  if (retired.some((one) => one.oldKey === oldKey)) {
    throw new UserError(
      'Cannot change the key: this one was replaced already. Take the new one from the machine where that was done: "vigo swarm puddle leave", then "join"',
    );
  }
  if (retired.length >= MAX_RETIRED) {
    throw new UserError(
      `Cannot change the key: it was changed ${MAX_RETIRED} times, and nobody follows more. Begin a new puddle: "vigo swarm puddle leave", then "init"`,
    );
  }
}

async function withSigner<T>(
  home: string,
  passphrase: Secret,
  work: (signer: Signer) => Promise<T>,
): Promise<T> {
  const seed = await openIdentity(home, passphrase);
  try {
    return await work(loadSeed(seed));
  } finally {
    seed.fill(0);
  }
}

/** @throws {PuddlePresentError} if there is an identity. */
export async function requireNoIdentity(home: string): Promise<void> {
  const { folder, wrapped, wrappedNext, publicKey } = puddlePaths(home);
  if (!await isOwnFolder(folder, "the folder of the puddle")) return;
  for (const path of [wrapped, wrappedNext, publicKey]) {
    if (await lstatIfPresent(path) !== undefined) throw new PuddlePresentError(home);
  }
}

async function requireWrapped(home: string): Promise<WrappedFiles> {
  const files = await readWrapped(home);
  if (!files) throw new PuddleAbsentError();
  return files;
}

async function makeFolder(path: string): Promise<void> {
  if (await isOwnFolder(path, "the folder of the puddle")) return;
  try {
    await Deno.mkdir(path, { mode: 0o700 });
  } catch (error) {
    throw new FileError("make", path, error);
  }
}

async function write(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  try {
    await writeFileDurable(path, content, { mode });
  } catch (error) {
    throw new FileError("write", path, error);
  }
}

function toText(value: WrappedIdentity | object): string {
  return `${JSON.stringify(value)}\n`;
}
