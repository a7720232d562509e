import { z } from "zod";
import { DOMAIN } from "../canonical/domain.ts";
import { encodeFrame } from "../canonical/frame.ts";
import type { Signer, Verifier } from "../crypto/ed25519.ts";
import type { SignedBytes } from "../canonical/signed_document.ts";

const auditHeadSchema = z.strictObject({
  seq: z.number().int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  atMs: z.number().int().nonnegative(),
});

/** Which record was the last of the chain at some moment. */
export type AuditHead = z.infer<typeof auditHeadSchema>;

/** Signs a head; the payload is its JSON and the signature covers its fields. */
export function signAuditHead(head: AuditHead, signer: Signer): SignedBytes {
  return {
    payload: new TextEncoder().encode(JSON.stringify(head)),
    signature: signer.sign(headBytes(head)),
  };
}

/** The head in a signed document, or `undefined` if this server's key never signed it. */
export function openAuditHead(document: SignedBytes, verifier: Verifier): AuditHead | undefined {
  const head = auditHeadSchema.safeParse(readJson(document.payload));
  if (!head.success) return undefined;
  return verifier.verify(headBytes(head.data), document.signature) ? head.data : undefined;
}

function headBytes({ seq, hash, atMs }: AuditHead): Uint8Array<ArrayBuffer> {
  return encodeFrame(DOMAIN.auditHead, [BigInt(seq), Uint8Array.fromHex(hash), BigInt(atMs)]);
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
