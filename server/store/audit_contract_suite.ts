import assert from "node:assert/strict";
import type { AuditRecord } from "../../shared/rest/audit.ts";
import { someAuditRecord } from "./contract_records.ts";
import type { AuditFilter, Store } from "./store.ts";
import { SequenceTakenError } from "./store_error.ts";

/** What every store promises of the audit chain; part of the contract suite. */
export function testAuditContract(
  promise: (sentence: string, check: (store: Store) => Promise<void>) => void,
): void {
  promise("the audit chain never forks: a taken sequence is refused", async (s) => {
    assert.equal(await s.audit.head(), undefined);
    await s.audit.append(someAuditRecord(1));
    await s.audit.append(someAuditRecord(2));
    await assert.rejects(s.audit.append(someAuditRecord(2)), SequenceTakenError);
    const { seq, hash } = someAuditRecord(2);
    assert.deepEqual({ ...await s.audit.head() }, { seq, hash });
  });

  promise("audit records are paged backwards for people and forwards for checks", async (s) => {
    for (const seq of [1, 2, 3, 4]) await s.audit.append(someAuditRecord(seq));
    const numbers = (records: AuditRecord[]) => records.map(({ seq }) => seq);
    assert.deepEqual(numbers(await s.audit.list({ limit: 2 })), [4, 3]);
    assert.deepEqual(numbers(await s.audit.list({ limit: 2, before: 3 })), [2, 1]);
    assert.deepEqual(numbers(await s.audit.readFrom(2, 2)), [2, 3]);
  });

  promise("audit records are found by who, what and when", async (s) => {
    await s.audit.append(someAuditRecord(1));
    await s.audit.append({ ...someAuditRecord(2), principal: "user:ann", action: "user.add" });
    await s.audit.append({ ...someAuditRecord(3), action: "user.remove" });
    await s.audit.append({ ...someAuditRecord(4), action: "xuser_" });
    const numbers = async (filter: Omit<AuditFilter, "limit">) =>
      (await s.audit.list({ limit: 9, ...filter })).map(({ seq }) => seq);
    assert.deepEqual(await numbers({ principal: "user:ann" }), [2]);
    assert.deepEqual(await numbers({ action: "user." }), [3, 2]);
    assert.deepEqual(await numbers({ action: "user_" }), []);
    assert.deepEqual(await numbers({ sinceMs: someAuditRecord(3).atMs }), [4, 3]);
    assert.deepEqual(await numbers({ action: "user.", before: 3, principal: "nobody" }), []);
  });

  promise("signed heads are read in the order of the records that they name", async (s) => {
    const document = { payload: new Uint8Array([1, 255]), signature: new Uint8Array([0, 9]) };
    for (const seq of [10, 2, 7]) await s.audit.saveSignedHead({ seq, document });
    assert.deepEqual(
      (await s.audit.signedHeads(2, 9)).map((head) => [head.seq, head.document]),
      [[2, document], [7, document]],
    );
  });

  promise("the signed head is the one of the highest sequence", async (s) => {
    assert.equal(await s.audit.lastSignedHead(), undefined);
    const document = { payload: new Uint8Array([1, 255]), signature: new Uint8Array([0, 9]) };
    await s.audit.saveSignedHead({ seq: 10, document });
    await s.audit.saveSignedHead({ seq: 2, document: { ...document, payload: new Uint8Array() } });
    assert.deepEqual(await s.audit.lastSignedHead(), { seq: 10, document });
  });
}
