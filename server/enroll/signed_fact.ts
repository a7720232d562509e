import { z } from "zod";
import { canonicalJson, type Json } from "../../shared/canonical/canonical_json.ts";
import { loadVerifier, type Signer } from "../../shared/crypto/ed25519.ts";
import {
  type DocumentKind,
  openDocument,
  sealDocument,
  type SignedBytes,
} from "../../shared/canonical/signed_document.ts";
import type { FactRepository } from "../store/store.ts";

const base64 = z.base64();
const storedSchema = z.strictObject({ payload: base64, signature: base64 });

/** A signed document as it stands now, with the value it was signed over. */
export interface CurrentDocument<T> {
  readonly value: T;
  readonly signed: SignedBytes;
}

/** What every signed document of rising serial carries. */
interface Serial {
  readonly serial: number;
  readonly issuedAtMs: number;
}

/** The next serial of a document: it rises with the clock, and past whatever was seen. */
export function nextSerial(previous: number, nowMs: number): number {
  return Math.max(previous + 1, nowMs);
}

/** Reads a document of this server's own signature from the store; `undefined` if there is none that verifies. */
export async function loadSignedFact<T>(
  facts: FactRepository,
  name: string,
  kind: DocumentKind,
  signer: Signer,
  schema: z.ZodType<T>,
): Promise<CurrentDocument<T> | undefined> {
  const text = await facts.get(name);
  if (text === undefined) return undefined;
  const stored = storedSchema.safeParse(JSON.parse(text));
  if (!stored.success) throw new Error(`Cannot read fact "${name}": it is not a signed document`);
  const signed: SignedBytes = {
    payload: Uint8Array.fromBase64(stored.data.payload),
    signature: Uint8Array.fromBase64(stored.data.signature),
  };
  const opened = openDocument(kind, signed, loadVerifier(signer.publicKey), schema);
  // Signed with another key, or by an older version of the schema: it is made anew, above its serial by the clock.
  return opened.ok ? { value: opened.value, signed } : undefined;
}

/** Signs a document and stores it; it is durable before anybody gets to see it. */
export async function saveSignedFact<T extends Serial>(
  facts: FactRepository,
  name: string,
  kind: DocumentKind,
  signer: Signer,
  value: T,
): Promise<CurrentDocument<T>> {
  const signed = sealDocument(kind, value, signer);
  const stored: z.infer<typeof storedSchema> = {
    payload: signed.payload.toBase64(),
    signature: signed.signature.toBase64(),
  };
  await facts.set(name, JSON.stringify(stored));
  return { value, signed };
}

/** Whether two documents say the same, serial and time aside. */
export function saysTheSame<T extends Serial>(
  one: T,
  other: Omit<T, "serial" | "issuedAtMs">,
): boolean {
  const { serial: _serial, issuedAtMs: _time, ...content } = one;
  // Documents are plain JSON: their schemas admit nothing else.
  return canonicalJson(content as unknown as Json) === canonicalJson(other as unknown as Json);
}
