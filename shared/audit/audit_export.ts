import { z } from "zod";
import { loadVerifier, type Verifier } from "../crypto/ed25519.ts";
import {
  type AuditRecord,
  auditRecordSchema,
  type SignedHead,
  signedHeadSchema,
} from "../rest/audit.ts";
import { AuditChain, type AuditVerdict, type KeptHead } from "./audit_chain.ts";
import { type AuditHead, openAuditHead } from "./audit_head.ts";

/** Longest line of an export, in characters: a record with the largest payload, every character of it escaped. */
export const MAX_EXPORT_LINE = 128 * 1024;

const beginningSchema = z.strictObject({
  vigoAuditExport: z.literal(1),
  /** ed25519 key that signed the heads, hex. */
  publicKey: z.string().regex(/^[0-9a-f]{64}$/),
});
const recordSchema = z.strictObject({ record: auditRecordSchema });
const headSchema = z.strictObject({ head: signedHeadSchema });
const endSchema = z.strictObject({ end: z.strictObject({ records: z.number().int() }) });

/** The first line: what this is, and with whose key the heads are signed. */
export function writeBeginning(publicKey: string): string {
  return line({ vigoAuditExport: 1, publicKey });
}

/** The lines of a part of the chain: each signed head follows the record that it names. */
export function writeRecords(
  records: readonly AuditRecord[],
  heads: readonly SignedHead[],
): string {
  const bySeq = new Map(heads.map((head) => [head.seq, head]));
  return records.map((record) => {
    const head = bySeq.get(record.seq);
    return line({ record }) + (head ? line({ head }) : "");
  }).join("");
}

/** The last line, without which an export was cut off. */
export function writeEnd(records: number): string {
  return line({ end: { records } });
}

/** Checks an export line by line; only its text is needed, and a key and a head that somebody kept, where there are any. */
export class AuditExportCheck {
  readonly #chain: AuditChain;
  readonly #expectedKey: string | undefined;
  #verifier: Verifier | undefined;
  #publicKey: string | undefined;
  #isEnded = false;

  constructor({ key, head }: { readonly key?: string; readonly head?: KeptHead } = {}) {
    this.#chain = new AuditChain(head);
    this.#expectedKey = key;
  }

  /** With which key the heads are signed, hex, as the export itself says; `undefined` before its first line. */
  get publicKey(): string | undefined {
    return this.#publicKey;
  }

  add(text: string): void {
    if (this.#chain.isBroken) return;
    const value = parse(text);
    if (!this.#verifier) return this.#begin(value);
    const next = this.#chain.records + 1;
    if (this.#isEnded) return this.#chain.break(next, "the export goes on after its end");
    const record = recordSchema.safeParse(value);
    if (record.success) return this.#chain.addRecord(record.data.record);
    const head = headSchema.safeParse(value);
    if (head.success) {
      return this.#chain.addHead(head.data.head.seq, openHead(head.data.head, this.#verifier));
    }
    const end = endSchema.safeParse(value);
    if (!end.success) return this.#chain.break(next, `record ${next} cannot be read`);
    this.#isEnded = true;
    const { records } = end.data.end;
    if (records >= next) this.#chain.break(next, `record ${next} is missing from the export`);
    else if (records < next - 1) {
      this.#chain.break(records + 1, `the export has more than the ${records} records of its end`);
    }
  }

  verdict(): AuditVerdict {
    const next = this.#chain.records + 1;
    if (!this.#verifier) this.#chain.break(null, "this is no export of an audit chain");
    else if (!this.#isEnded) {
      this.#chain.break(next, `the export was cut off before record ${next}`);
    }
    return this.#chain.verdict();
  }

  #begin(value: unknown): void {
    const beginning = beginningSchema.safeParse(value);
    if (!beginning.success) return this.#chain.break(null, "this is no export of an audit chain");
    const { publicKey } = beginning.data;
    this.#publicKey = publicKey;
    if (this.#expectedKey !== undefined && this.#expectedKey !== publicKey) {
      this.#chain.break(null, `the export is signed with another key, ${publicKey}`);
    }
    try {
      this.#verifier = loadVerifier(Uint8Array.fromHex(publicKey));
    } catch {
      this.#chain.break(null, "the key of the export is none that can sign");
    }
  }
}

/** `undefined` if it is not by this key, or spelt in another way than it was written. */
function openHead({ payload, signature }: SignedHead, verifier: Verifier): AuditHead | undefined {
  const bytes = (text: string) => Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  try {
    return openAuditHead({ payload: bytes(payload), signature: bytes(signature) }, verifier);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function parse(text: string): unknown {
  try {
    return text.length > MAX_EXPORT_LINE ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
