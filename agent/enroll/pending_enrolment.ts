import { z } from "zod";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { writeFileDurable } from "../../shared/platform/durable_write.ts";
import { isAbsent } from "../store/is_absent.ts";
import { makeKeyAndRequest } from "./make_csr.ts";

const schema = z.strictObject({
  server: z.string(),
  hostname: z.string(),
  /** SHA-256 of the token, hex: enough to know it again, useless to enrol with. */
  tokenHash: z.string(),
  signingKeyPem: z.string(),
  tlsKeyPem: z.string(),
  /** PKCS#10, DER, base64. */
  csr: z.string(),
});

/** Keys that were made for an enrolment whose answer has not arrived. */
export type PendingEnrolment = z.infer<typeof schema>;

/** What makes two attempts the same one. */
export type EnrolmentAttempt = Pick<PendingEnrolment, "server" | "hostname" | "tokenHash">;

/**
 * The keys for an attempt: those of an earlier run of the same one, else new ones, durable before they are used. The
 * server gives the same token, keys and request the same certificate for ten minutes, so a lost answer or a crash between
 * answer and save costs nothing but a second run.
 */
export async function preparePending(
  folder: string,
  attempt: EnrolmentAttempt,
): Promise<PendingEnrolment> {
  const earlier = await readPending(folder);
  if (
    earlier && earlier.server === attempt.server && earlier.hostname === attempt.hostname &&
    earlier.tokenHash === attempt.tokenHash
  ) return earlier;
  const { privateKeyPem, csr } = await makeKeyAndRequest(attempt.hostname);
  const pending = {
    ...attempt,
    signingKeyPem: generateEd25519().privateKeyPem,
    tlsKeyPem: privateKeyPem,
    csr: csr.toBase64(),
  };
  await writeFileDurable(pathIn(folder), JSON.stringify(pending), { mode: 0o600 });
  return pending;
}

/** Forgets the keys of an attempt, once they are part of an identity. */
export async function removePending(folder: string): Promise<void> {
  try {
    await Deno.remove(pathIn(folder));
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

async function readPending(folder: string): Promise<PendingEnrolment | undefined> {
  try {
    const parsed = schema.safeParse(JSON.parse(await Deno.readTextFile(pathIn(folder))));
    // Keys that cannot be read are made anew: nothing depends on them yet.
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (isAbsent(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function pathIn(folder: string): string {
  return `${folder}/pending.json`;
}
