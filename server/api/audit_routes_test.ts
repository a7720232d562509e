import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { AuditLog } from "../audit/audit_log.ts";
import { LOCAL_ROOT } from "../service/principal.ts";
import { openSqliteStore } from "../store/open_sqlite_store.ts";
import { ApiError } from "./api_error.ts";
import { auditRoutes } from "./audit_routes.ts";
import type { RequestContext } from "./route.ts";

/** Records in the chain that is damaged. */
const RECORDS = 6;

/** The routes over a chain in a file that somebody has changed with SQL. */
async function withDamage(
  tamper: string,
  use: (routes: ReturnType<typeof auditRoutes>, log: AuditLog) => Promise<void>,
): Promise<void> {
  await using root = await TemporaryRoot.create();
  const store = await openSqliteStore(root.join("vigo.db"));
  const log = new AuditLog(store, generateEd25519().signer, () => 1_700_000_000_000);
  for (let n = 1; n <= RECORDS; n += 1) await log.record(LOCAL_ROOT, "envoy.push", { n });
  const attacker = new DatabaseSync(root.join("vigo.db"));
  attacker.exec(tamper);
  attacker.close();
  try {
    await use(auditRoutes({ log, repository: store.audit }), log);
  } finally {
    await store.close();
  }
}

/** What a handler sees; these look at the query alone. */
const asking = <Name extends "auditList" | "auditExport">(
  query: RequestContext<Name>["query"],
) => ({ query }) as RequestContext<Name>;

Deno.test("records that cannot be read are numbered in a list, whose pages have all the others", async () => {
  const tamper = "UPDATE audit_records SET payload = '{' WHERE seq IN (2, 5)";
  await withDamage(tamper, async ({ auditList }) => {
    const pages: [number[], number[]][] = [];
    for (let cursor: string | undefined, isFirst = true; isFirst || cursor; isFirst = false) {
      const answer = await auditList(asking({ limit: 2, cursor }));
      pages.push([answer.records.map(({ seq }) => seq), answer.unreadable]);
      cursor = answer.nextCursor ?? undefined;
    }
    assert.deepEqual(pages, [[[6], [5]], [[4, 3], []], [[1], [2]]]);
  });
});

Deno.test("an export goes to the record that cannot be read, and says so there", async () => {
  const tamper = "DELETE FROM audit_records WHERE seq = 2; " +
    "UPDATE audit_records SET payload = '{' WHERE seq = 5";
  await withDamage(tamper, async ({ auditExport }) => {
    const answer = await auditExport(asking({ limit: 10 }));
    assert.deepEqual(answer.records.map(({ seq }) => seq), [1, 3, 4]);
    assert.equal(answer.nextCursor, "4");
    await assert.rejects(
      auditExport(asking({ limit: 10, cursor: "4" })),
      (error) =>
        error instanceof ApiError && error.status === 409 && /beyond record 4/.test(error.message),
    );
  });
});

Deno.test("a last record that cannot be read keeps nobody from acting on the record", async () => {
  const tamper = `UPDATE audit_records SET payload = '{' WHERE seq = ${RECORDS}`;
  await withDamage(tamper, async ({ auditList }, log) => {
    await log.record(LOCAL_ROOT, "envoy.revoke", {});
    const { records, unreadable } = await auditList(asking({ limit: 2 }));
    assert.deepEqual([records.map(({ seq }) => seq), unreadable], [[RECORDS + 1], [RECORDS]]);
    assert.equal((await log.verify()).brokenAt, RECORDS);
  });
});
