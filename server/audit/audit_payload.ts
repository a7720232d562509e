import { canonicalJson } from "../../shared/canonical/canonical_json.ts";
import type { AuditRecord } from "../../shared/rest/audit.ts";

/** What an act was about: names and numbers, never a secret. */
export type AuditPayload = AuditRecord["payload"];

/**
 * Longest payload, in characters of JSON: a record says what was done and does not carry what it was done with. All that
 * one request can name, such as every tag of an envoy, escaped at worst, fits.
 */
export const MAX_AUDIT_PAYLOAD_LENGTH = 64 * 1024;

/** Member names under which secrets travel elsewhere in the program. */
const SECRET_NAMES = /^(token|password|passphrase|secret|private_?key|authorization|cookie)$/i;

/**
 * Refuses a payload that would put a secret into the log for ever, or flood it. Both are mistakes of the program.
 *
 * @throws {TypeError} naming the member.
 */
export function assertAuditPayload(action: string, payload: AuditPayload): void {
  const name = findSecretName(payload);
  if (name !== undefined) {
    throw new TypeError(
      `Cannot audit "${action}": its member "${name}" would log a secret. Name what it opens instead`,
    );
  }
  const length = canonicalJson(payload).length;
  if (length > MAX_AUDIT_PAYLOAD_LENGTH) {
    throw new TypeError(
      `Cannot audit "${action}": ${length} characters, at most ${MAX_AUDIT_PAYLOAD_LENGTH} are kept`,
    );
  }
}

function findSecretName(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, member] of Object.entries(value)) {
    if (SECRET_NAMES.test(name)) return name;
    const inside = findSecretName(member);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
