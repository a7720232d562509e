import type { z } from "zod";
import { DOMAIN } from "./domain.ts";
import { encodeFrame } from "./frame.ts";
import type { Signer, Verifier } from "../crypto/ed25519.ts";

/** The kinds of document that the server signs. */
export type DocumentKind =
  | "policyBundle"
  | "fleetDocument"
  | "envoyDocument"
  | "serverTime"
  | "taskDispatch"
  | "taskCancel";

/** Payload bytes with the server's signature over them; the same shape as the protobuf message. */
export interface SignedBytes {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

export type Opened<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

/** Largest payload that is parsed: a bundle of 2,000 resources with inline content stays well below. */
export const MAX_DOCUMENT_BYTES = 32 * 1024 * 1024;

/** Signs `value` as JSON, in the domain of its kind. */
export function sealDocument(kind: DocumentKind, value: unknown, signer: Signer): SignedBytes {
  const payload = new TextEncoder().encode(JSON.stringify(value));
  return { payload, signature: signer.sign(encodeFrame(DOMAIN[kind], [payload])) };
}

/** Verifies the bytes, and only then parses them. What fails is a reason, not an exception: it came from outside. */
export function openDocument<T>(
  kind: DocumentKind,
  document: SignedBytes,
  verifier: Verifier,
  schema: z.ZodType<T>,
): Opened<T> {
  if (document.payload.length > MAX_DOCUMENT_BYTES) {
    return { ok: false, reason: `${kind} of ${document.payload.length} bytes is too large` };
  }
  if (!verifier.verify(encodeFrame(DOMAIN[kind], [document.payload]), document.signature)) {
    return { ok: false, reason: `signature of ${kind} does not verify` };
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(document.payload));
  } catch {
    return { ok: false, reason: `${kind} is signed but is not JSON` };
  }
  const result = schema.safeParse(parsed);
  if (!result.success) {
    const issue = result.error.issues[0];
    return { ok: false, reason: `${kind}: ${issue?.path.join(".")}: ${issue?.message}` };
  }
  return { ok: true, value: result.data };
}
