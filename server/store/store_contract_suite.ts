import assert from "node:assert/strict";
import type { RunReport } from "../../shared/config/run_report.ts";
import type { AuditRecord } from "../../shared/rest/audit.ts";
import type { ConfigVersion } from "../../shared/rest/config.ts";
import type { RunSummary } from "../../shared/rest/runs.ts";
import { type ManifestEntry, manifestEntrySchema } from "../../shared/swarm/manifest_entry.ts";
import { bundleResourceSchema } from "../../shared/config/policy_bundle.ts";
import { testPeopleContract } from "./people_contract.ts";
import type {
  AuditFilter,
  EnrollTokenRecord,
  EnvoyObservation,
  EnvoyRecord,
  RunFilter,
  Store,
  StoredBundle,
} from "./store.ts";
import { CursorError, SequenceTakenError } from "./store_error.ts";
import { testQueueContract } from "./queue_contract_suite.ts";
import { testTaskContract } from "./task_contract_suite.ts";
import { testWorkflowContract } from "./workflow_contract_suite.ts";

/** What every {@linkcode Store} promises, as tests. `open` gives an empty store each time. */
export function testStoreContract(name: string, open: () => Promise<Store>): void {
  const promise = (sentence: string, check: (store: Store) => Promise<void>) =>
    Deno.test(`${name}: ${sentence}`, async () => {
      const store = await open();
      try {
        await check(store);
      } finally {
        await store.close();
      }
    });

  testPeopleContract(promise);

  testTaskContract(promise);

  testWorkflowContract(promise);

  testQueueContract(promise);

  promise("an envoy comes back as it was added, by UUID and by hostname in any case", async (s) => {
    const envoy = someEnvoy({ hostname: "Web-1.example", tags: { role: "web" } });
    assert.deepEqual(await s.envoys.add(envoy), { ok: true });
    assert.deepEqual(await s.envoys.find(envoy.uuid), envoy);
    assert.deepEqual(await s.envoys.findActiveByHostname("WEB-1.EXAMPLE"), envoy);
    assert.equal(await s.envoys.find(crypto.randomUUID()), undefined);
  });

  promise("a hostname in use and a known UUID are refused, each by its name", async (s) => {
    const envoy = someEnvoy({ hostname: "web-1" });
    await s.envoys.add(envoy);
    assert.deepEqual(await s.envoys.add(someEnvoy({ hostname: "WEB-1" })), {
      ok: false,
      reason: "hostname",
    });
    assert.deepEqual(await s.envoys.add({ ...envoy, hostname: "web-2" }), {
      ok: false,
      reason: "uuid",
    });
    assert.equal((await s.envoys.list()).length, 1);
  });

  promise("revocation frees the hostname, keeps the record and happens once", async (s) => {
    const envoy = someEnvoy({ hostname: "web-1" });
    await s.envoys.add(envoy);
    assert.equal(await s.envoys.revoke(envoy.uuid, 5), true);
    assert.equal(await s.envoys.revoke(envoy.uuid, 6), false);
    assert.equal(await s.envoys.revoke(crypto.randomUUID(), 6), false);
    assert.deepEqual(await s.envoys.find(envoy.uuid), {
      ...envoy,
      state: "revoked",
      revokedAtMs: 5,
    });
    assert.equal(await s.envoys.findActiveByHostname("web-1"), undefined);
    assert.deepEqual(await s.envoys.add(someEnvoy({ hostname: "web-1" })), { ok: true });
  });

  promise("envoys are listed by hostname", async (s) => {
    for (const hostname of ["c", "a", "b"]) await s.envoys.add(someEnvoy({ hostname }));
    assert.deepEqual((await s.envoys.list()).map(({ hostname }) => hostname), ["a", "b", "c"]);
  });

  promise("new tags raise their revision; a suspicion comes and goes", async (s) => {
    const { uuid } = await addEnvoy(s);
    await s.envoys.setTags(uuid, { tier: "gold" });
    await s.envoys.setTags(uuid, { tier: "lead" });
    await s.envoys.setSuspectedClone(uuid, true);
    const changed = await s.envoys.find(uuid);
    assert.deepEqual(changed?.tags, { tier: "lead" });
    assert.equal(changed?.tagRevision, 3);
    assert.equal(changed?.suspectedClone, true);
    await s.envoys.setSuspectedClone(uuid, false);
    assert.equal((await s.envoys.find(uuid))?.suspectedClone, false);
  });

  promise("the newest observation of an envoy replaces the older, traits included", async (s) => {
    const first = someObservation((await addEnvoy(s)).uuid);
    const second = someObservation((await addEnvoy(s)).uuid);
    await s.envoys.saveObservations([first, second]);
    const later = {
      ...first,
      lastSeenMs: 9,
      stableTraits: '{"os":{"distro":"arch"}}',
      volatileTraits: '{"loadavg":[1,2,3]}',
    };
    await s.envoys.saveObservations([later]);
    await s.envoys.saveObservations([]);
    const byUuid = (a: EnvoyObservation, b: EnvoyObservation) => a.uuid < b.uuid ? -1 : 1;
    assert.deepEqual(await s.envoys.listObservations(), [later, second].sort(byUuid));
  });

  promise("a large batch of observations is kept whole", async (s) => {
    const envoys = await s.transaction(async (inside) => {
      const added: EnvoyRecord[] = [];
      for (let n = 0; n < 450; n += 1) added.push(await addEnvoy(inside));
      return added;
    });
    await s.envoys.saveObservations(envoys.map(({ uuid }) => someObservation(uuid)));
    assert.equal((await s.envoys.listObservations()).length, 450);
  });

  promise("an observation of an unknown envoy is refused with its whole batch", async (s) => {
    const known = someObservation((await addEnvoy(s)).uuid);
    await assert.rejects(
      s.envoys.saveObservations([known, someObservation(crypto.randomUUID())]),
    );
    assert.deepEqual(await s.envoys.listObservations(), []);
  });

  promise("revoked certificates are listed until they have expired", async (s) => {
    const { uuid } = await addEnvoy(s);
    const other = await addEnvoy(s);
    const certificate = (fingerprint: string, envoyUuid: string, notAfterMs: number) =>
      s.certificates.add({ fingerprint, envoyUuid, notAfterMs, revokedAtMs: null });
    await certificate("aa", uuid, 100);
    await certificate("bb", uuid, 200);
    await certificate("cc", other.uuid, 300);
    await s.certificates.revokeByEnvoy(uuid, 50);
    await s.certificates.revokeByEnvoy(uuid, 60);
    assert.deepEqual(
      (await s.certificates.listByEnvoy(uuid)).map((one) => [one.fingerprint, one.revokedAtMs]),
      [["aa", 50], ["bb", 50]],
    );
    const revoked = async (afterMs: number) =>
      (await s.certificates.listRevoked(afterMs)).map(({ fingerprint }) => fingerprint);
    assert.deepEqual(await revoked(0), ["aa", "bb"]);
    assert.deepEqual(await revoked(100), ["bb"]);
  });

  promise("a token is used as often as it says, however many ask at once", async (s) => {
    await s.enrollTokens.add(someToken({ hash: "h", uses: 3, usesLeft: 3 }));
    const uses = await Promise.all(Array.from({ length: 8 }, () => s.enrollTokens.use("h")));
    assert.equal(uses.filter(Boolean).length, 3);
    assert.equal((await s.enrollTokens.find("h"))?.usesLeft, 0);
    assert.equal(await s.enrollTokens.use("unknown"), false);
  });

  promise("a revoked token has no use left, and is revoked once", async (s) => {
    const token = someToken({ hash: "h", hostname: "web-*", replace: true });
    await s.enrollTokens.add(token);
    await assert.rejects(s.enrollTokens.add(token));
    assert.equal(await s.enrollTokens.revoke("h", 7), true);
    assert.equal(await s.enrollTokens.revoke("h", 8), false);
    assert.equal(await s.enrollTokens.use("h"), false);
    assert.deepEqual(await s.enrollTokens.find("h"), { ...token, revokedAtMs: 7 });
  });

  promise("tokens are listed newest first", async (s) => {
    for (const n of [1, 3, 2]) {
      await s.enrollTokens.add(someToken({ hash: `h${n}`, createdAtMs: n }));
    }
    assert.deepEqual((await s.enrollTokens.list()).map(({ hash }) => hash), ["h3", "h2", "h1"]);
  });

  promise("an answer is found by token and request until it is pruned", async (s) => {
    const answer = {
      tokenHash: "t",
      requestHash: "r",
      envoyUuid: crypto.randomUUID(),
      certificatePem: "PEM",
      expiresAtMs: 100,
    };
    await s.enrollTokens.saveAnswer(answer);
    assert.deepEqual(await s.enrollTokens.findAnswer("t", "r"), answer);
    assert.equal(await s.enrollTokens.findAnswer("t", "other"), undefined);
    await s.enrollTokens.pruneAnswers(100);
    assert.deepEqual(await s.enrollTokens.findAnswer("t", "r"), answer);
    await s.enrollTokens.pruneAnswers(101);
    assert.equal(await s.enrollTokens.findAnswer("t", "r"), undefined);
  });

  promise("a run is stored once, and comes back with its report", async (s) => {
    const run = someRun({ startedAtMs: 10 });
    assert.equal(await s.runs.add(run), true);
    const altered = { ...run, summary: { ...run.summary, changed: 99 } };
    assert.equal(await s.runs.add(altered), false);
    assert.deepEqual(await s.runs.find(run.summary.runId), run);
    assert.equal(await s.runs.find(crypto.randomUUID()), undefined);
  });

  promise(
    "pages of runs follow each other, newest first, without loss or repetition",
    async (s) => {
      // Two runs of one millisecond at each page's end: only the run id tells them apart.
      const runs = [5, 5, 4, 3, 3, 3, 1].map((startedAtMs) => someRun({ startedAtMs }));
      for (const run of runs) await s.runs.add(run);
      const seen: RunSummary[] = [];
      let cursor: string | null | undefined;
      do {
        const page = await s.runs.list({ limit: 2, ...(cursor ? { cursor } : {}) });
        assert.ok(page.runs.length <= 2);
        seen.push(...page.runs);
        cursor = page.nextCursor;
      } while (cursor);
      assert.deepEqual(seen.map((run) => run.startedAtMs), [5, 5, 4, 3, 3, 3, 1]);
      assert.equal(new Set(seen.map((run) => run.runId)).size, 7);
    },
  );

  promise("runs are filtered by envoys, outcome and time, all at once or apart", async (s) => {
    const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
    await s.runs.add(someRun({ startedAtMs: 1, envoyUuid: one }));
    await s.runs.add(someRun({ startedAtMs: 2, envoyUuid: one, outcome: "failed" }));
    await s.runs.add(someRun({ startedAtMs: 3, envoyUuid: other, outcome: "failed" }));
    await s.runs.add(someRun({ startedAtMs: 4, outcome: "degraded" }));
    const times = async (filter: Omit<RunFilter, "limit">) =>
      (await s.runs.list({ ...filter, limit: 10 })).runs.map((run) => run.startedAtMs);
    assert.deepEqual(await times({}), [4, 3, 2, 1]);
    assert.deepEqual(await times({ envoyUuids: new Set([one]) }), [2, 1]);
    assert.deepEqual(await times({ envoyUuids: new Set([one, other]) }), [3, 2, 1]);
    assert.deepEqual(await times({ envoyUuids: new Set() }), []);
    assert.deepEqual(await times({ outcomes: new Set(["failed", "degraded"]) }), [4, 3, 2]);
    assert.deepEqual(await times({ sinceMs: 3 }), [4, 3]);
    assert.deepEqual(
      await times({ envoyUuids: new Set([one]), outcomes: new Set(["failed"]), sinceMs: 2 }),
      [2],
    );
  });

  promise("a set of envoys too large to be named pages like any other", async (s) => {
    const wanted = new Set(Array.from({ length: 12_000 }, () => crypto.randomUUID()));
    const [first = "", second = ""] = wanted;
    await s.transaction(async (inside) => {
      for (let n = 0; n < 1_200; n += 1) await inside.runs.add(someRun({ startedAtMs: n + 10 }));
      await inside.runs.add(someRun({ startedAtMs: 3, envoyUuid: first }));
      await inside.runs.add(someRun({ startedAtMs: 2, envoyUuid: second }));
      await inside.runs.add(someRun({ startedAtMs: 1, envoyUuid: first }));
    });
    const page = await s.runs.list({ envoyUuids: wanted, limit: 2 });
    assert.deepEqual(page.runs.map((run) => run.startedAtMs), [3, 2]);
    const rest = await s.runs.list({
      envoyUuids: wanted,
      limit: 2,
      cursor: page.nextCursor ?? "none",
    });
    assert.deepEqual(rest.runs.map((run) => run.startedAtMs), [1]);
    assert.equal(rest.nextCursor, null);
  });

  promise("runs are pruned oldest first by when they came, some at a time", async (s) => {
    for (const [startedAtMs, receivedAtMs] of [[9, 1], [1, 2], [5, 3], [0, 9]] as const) {
      await s.runs.add(someRun({ startedAtMs, receivedAtMs }));
    }
    const left = async () =>
      (await s.runs.list({ limit: 10 })).runs.map((run) => run.receivedAtMs).sort();
    assert.equal(await s.runs.prune(9, 2), 2);
    assert.deepEqual(await left(), [3, 9]);
    assert.equal(await s.runs.prune(9, 2), 1);
    assert.equal(await s.runs.prune(9, 2), 0);
    assert.deepEqual(await left(), [9]);
  });

  promise("a cursor that was never handed out is refused by name", async (s) => {
    await assert.rejects(s.runs.list({ limit: 1, cursor: "' or 1=1" }), CursorError);
  });

  promise("a bundle is kept once by its root, and comes back whole", async (s) => {
    const bundle = someBundle("aa");
    await s.bundles.saveAll([bundle, someBundle("bb")], 1);
    await s.bundles.saveAll([{ ...bundle, policyVersion: "another" }], 2);
    await s.bundles.saveAll([], 3);
    assert.deepEqual(await s.bundles.find("aa"), bundle);
    assert.equal(await s.bundles.find("cc"), undefined);
  });

  promise("a bundle goes when it is old, no run is of it and no envoy holds it", async (s) => {
    const bundles = ["aa", "bb", "cc", "dd", "ee"].map(someBundle);
    await s.bundles.saveAll(bundles, 1);
    await s.bundles.saveAll([someBundle("bb")], 5);
    const run = someRun({});
    await s.runs.add({ ...run, report: { ...run.report, root: "cc" } });
    const observation = someObservation((await addEnvoy(s)).uuid);
    await s.envoys.saveObservations([{ ...observation, fingerprint: "dd" }]);
    assert.equal(await s.bundles.prune(5, 1), 1);
    assert.equal(await s.bundles.prune(5, 10), 1);
    assert.equal(await s.bundles.prune(5, 10), 0);
    const left = await Promise.all(bundles.map(({ root }) => s.bundles.find(root)));
    assert.deepEqual(left.map((one) => one?.root), [undefined, "bb", "cc", "dd", undefined]);
  });

  promise("a minute written in two parts has the sum of both and the later state", async (s) => {
    const minute = (minuteMs: number, count: number) => ({
      minuteMs,
      checkIns: count,
      runs: count,
      online: count,
      converged: count,
      degraded: count,
      failed: count,
      noData: count,
      originBytes: count,
      peerBytes: count,
      serverBytes: count,
    });
    await s.minutes.add(minute(60_000, 2));
    await s.minutes.add(minute(0, 1));
    await s.minutes.add(minute(60_000, 3));
    await s.minutes.add(minute(120_000, 7));
    const sum = { checkIns: 5, runs: 5, originBytes: 5, peerBytes: 5, serverBytes: 5 };
    assert.deepEqual(await s.minutes.list(60_000, 1), [{ ...minute(60_000, 3), ...sum }]);
    assert.equal(await s.minutes.prune(60_001), 2);
    assert.deepEqual((await s.minutes.list(0, 10)).map(({ minuteMs }) => minuteMs), [120_000]);
  });

  promise(
    "a rename takes a free name, keeps the one that certificates carry, and settles",
    async (s) => {
      const envoy = await addEnvoy(s);
      const other = await addEnvoy(s);
      assert.equal(await s.envoys.rename(envoy.uuid, other.hostname.toUpperCase()), false);
      assert.equal(await s.envoys.rename(crypto.randomUUID(), "web-9"), false);
      assert.equal(await s.envoys.rename(envoy.uuid, "web-2"), true);
      assert.equal(await s.envoys.rename(envoy.uuid, "web-3"), true);
      assert.deepEqual(await s.envoys.findActiveByHostname("web-3"), {
        ...envoy,
        hostname: "web-3",
        previousHostname: envoy.hostname,
      });
      assert.equal(await s.envoys.findActiveByHostname(envoy.hostname), undefined);
      await s.envoys.settleRename(envoy.uuid);
      assert.equal((await s.envoys.find(envoy.uuid))?.previousHostname, null);
      await s.envoys.revoke(envoy.uuid, 1);
      assert.equal(await s.envoys.rename(envoy.uuid, "web-4"), false);
    },
  );

  promise("a removed envoy keeps its identity and loses what was observed of it", async (s) => {
    const envoy = await addEnvoy(s);
    await s.envoys.setTags(envoy.uuid, { tier: "gold" });
    await s.envoys.saveObservations([someObservation(envoy.uuid)]);
    assert.equal(await s.envoys.remove(envoy.uuid, 5), false, "an active one stays");
    await s.envoys.revoke(envoy.uuid, 4);
    assert.equal(await s.envoys.remove(envoy.uuid, 5), true);
    assert.equal(await s.envoys.remove(envoy.uuid, 6), false);
    assert.deepEqual(await s.envoys.listObservations(), []);
    const kept = await s.envoys.find(envoy.uuid);
    assert.deepEqual([kept?.state, kept?.removedAtMs, kept?.tags], ["revoked", 5, {}]);
  });

  promise("all certificates of an envoy but one can be revoked", async (s) => {
    const { uuid } = await addEnvoy(s);
    const other = await addEnvoy(s);
    for (const [fingerprint, envoyUuid] of [["aa", uuid], ["bb", uuid], ["cc", other.uuid]]) {
      await s.certificates.add({
        fingerprint: fingerprint ?? "",
        envoyUuid: envoyUuid ?? "",
        notAfterMs: 100,
        revokedAtMs: null,
      });
    }
    assert.equal(await s.certificates.revokeOthers(uuid, "bb", 5), 1);
    assert.equal(await s.certificates.revokeOthers(uuid, "bb", 6), 0);
    assert.deepEqual(
      (await s.certificates.listRevoked(0)).map((one) => [one.fingerprint, one.revokedAtMs]),
      [["aa", 5]],
    );
  });

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

  promise("a fact is what was set last", async (s) => {
    assert.equal(await s.facts.get("fleet_serial"), undefined);
    await s.facts.set("fleet_serial", "1");
    await s.facts.set("fleet_serial", "2");
    assert.equal(await s.facts.get("fleet_serial"), "2");
    await s.facts.remove("fleet_serial");
    await s.facts.remove("fleet_serial");
    assert.equal(await s.facts.get("fleet_serial"), undefined);
  });

  promise("at most one published version is live, and the same may come again", async (s) => {
    const version = (name: string, live: boolean): ConfigVersion => ({
      version: name,
      publishedAtMs: 1,
      publishedBy: "local-root",
      message: "",
      live,
      rollbackOf: null,
    });
    await s.configVersions.append(version("a", true));
    await s.configVersions.append(version("b", true));
    await s.configVersions.append({ ...version("a", true), rollbackOf: "b" });
    await s.configVersions.append(version("c", false));
    const found = await s.configVersions.list(10);
    assert.deepEqual(found.map((one) => [one.version, one.live, one.rollbackOf]), [
      ["c", false, null],
      ["a", true, "b"],
      ["b", false, null],
      ["a", false, null],
    ]);
    assert.equal((await s.configVersions.list(1)).length, 1);
  });

  promise("a manifest cell keeps the highest stamp, whatever order they come in", async (s) => {
    const cell = (author: string, stamp: number) => someManifestEntry(author, stamp);
    await s.manifest.saveAll([cell("a", 5), cell("b", 1)]);
    await s.manifest.saveAll([cell("a", 4), cell("b", 2)]);
    await s.manifest.saveAll([]);
    assert.deepEqual((await s.manifest.list()).map((one) => one.stamp), [5, 2]);
    const { sha256, author } = cell("a", 5);
    await s.manifest.remove([{ sha256, author }]);
    assert.deepEqual(await s.manifest.list(), [cell("b", 2)]);
  });

  promise("a batch that names one thing twice keeps what it would after the other", async (s) => {
    const cell = (stamp: number) => someManifestEntry("a", stamp);
    await s.manifest.saveAll([cell(1), cell(3), cell(2)]);
    assert.deepEqual((await s.manifest.list()).map((one) => one.stamp), [3]);
    const { uuid } = await addEnvoy(s);
    const seen = (lastSeenMs: number) => ({ ...someObservation(uuid), lastSeenMs });
    await s.envoys.saveObservations([seen(1), seen(2)]);
    assert.deepEqual((await s.envoys.listObservations()).map((one) => one.lastSeenMs), [2]);
  });

  promise("what a machine says of itself may hold any character", async (s) => {
    const { uuid } = await addEnvoy(s);
    const hostile = {
      ...someObservation(uuid),
      pausedReason: "a\0b\u{1F600}",
      agentVersion: "\uD800",
    };
    await s.envoys.saveObservations([hostile, someObservation((await addEnvoy(s)).uuid)]);
    assert.equal((await s.envoys.listObservations()).length, 2);
  });

  promise("texts are sorted by their bytes, whatever the language of the database", async (s) => {
    for (const hostname of ["b", "a-b", "ab", "a.b"]) await s.envoys.add(someEnvoy({ hostname }));
    assert.deepEqual((await s.envoys.list()).map(({ hostname }) => hostname), [
      "a-b",
      "a.b",
      "ab",
      "b",
    ]);
  });

  promise("a transaction sees its own writes and keeps them together", async (s) => {
    await s.transaction(async (inside) => {
      await inside.facts.set("a", "1");
      assert.equal(await inside.facts.get("a"), "1");
      const { uuid } = await addEnvoy(inside);
      await inside.envoys.saveObservations([someObservation(uuid)]);
    });
    assert.equal(await s.facts.get("a"), "1");
    assert.equal((await s.envoys.listObservations()).length, 1);
  });

  promise(
    "a transaction that fails leaves nothing, and its failure reaches the caller",
    async (s) => {
      await s.facts.set("a", "before");
      await assert.rejects(
        s.transaction(async (inside) => {
          await inside.facts.set("a", "after");
          await addEnvoy(inside);
          throw new RangeError("on purpose");
        }),
        RangeError,
      );
      assert.equal(await s.facts.get("a"), "before");
      assert.deepEqual(await s.envoys.list(), []);
    },
  );

  promise("what runs beside a transaction sees all of it or nothing", async (s) => {
    await s.facts.set("a", "before");
    const { promise: halfway, resolve: reachHalfway } = Promise.withResolvers<void>();
    const writing = s.transaction(async (inside) => {
      await inside.facts.set("a", "after");
      reachHalfway();
      // Gives the reader and the writer below every chance to slip in.
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      await inside.facts.set("b", "after");
    });
    await halfway;
    const beside = s.facts.set("c", await s.facts.get("b") ?? "nothing");
    await Promise.all([writing, beside]);
    const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => s.facts.get(name)));
    assert.deepEqual([a, b, c], ["after", "after", "after"]);
  });

  promise("a transaction inside a transaction is refused", async (s) => {
    await assert.rejects(
      s.transaction((inside) => inside.transaction(() => Promise.resolve())),
      /Cannot nest/,
    );
  });

  promise("a sound store has no findings, says what it holds, and may be vacuumed", async (s) => {
    await addEnvoy(s);
    assert.deepEqual(await s.integrity(), []);
    const rows = async () => (await s.stats()).tables.find(({ name }) => name === "envoys")?.rows;
    assert.equal(await rows(), 1);
    assert.ok(await s.vacuum() >= 0);
    assert.equal(await rows(), 1);
    await assert.rejects(s.transaction((inside) => inside.vacuum()), /inside its transaction/);
  });
}

export function someEnvoy(given: Partial<EnvoyRecord> = {}): EnvoyRecord {
  const uuid = crypto.randomUUID();
  return {
    uuid,
    hostname: `host-${uuid}`,
    signingKey: "00".repeat(32),
    state: "active",
    enrolledAtMs: 1_700_000_000_000,
    revokedAtMs: null,
    tags: {},
    tagRevision: 1,
    suspectedClone: false,
    previousHostname: null,
    removedAtMs: null,
    ...given,
  };
}

async function addEnvoy(store: Store): Promise<EnvoyRecord> {
  const envoy = someEnvoy();
  assert.deepEqual(await store.envoys.add(envoy), { ok: true });
  return envoy;
}

export function someObservation(uuid: string): EnvoyObservation {
  return {
    uuid,
    lastSeenMs: 1_700_000_000_000,
    intervalMs: 60_000,
    observedHostname: "web-1",
    lanAddress: "192.0.2.7",
    swarmAddress: "192.0.2.7:1531",
    agentVersion: "0.1.0",
    policyVersion: "v1",
    fingerprint: "",
    pausedReason: "",
    pausedUntilMs: 1_700_000_000_003,
    stableTraits: '{"os":{"distro":"debian"}}',
    volatileTraits: "{}",
    cloneCounter: 4,
    convergence: "NoData",
    bundleSerial: 1_700_000_000_001,
    envoySerial: 1_700_000_000_002,
    runSerial: 1_700_000_000_004,
    runRoot: "ab".repeat(32),
    runFinishedAtMs: 1_700_000_000_005,
    changeStreak: 2,
  };
}

function someToken(given: Partial<EnrollTokenRecord>): EnrollTokenRecord {
  return {
    hash: "hash",
    createdAtMs: 1,
    expiresAtMs: 100,
    uses: 1,
    usesLeft: 1,
    hostname: null,
    replace: false,
    createdBy: "local-root",
    revokedAtMs: null,
    ...given,
  };
}

export function someRun(given: Partial<RunSummary>): { summary: RunSummary; report: RunReport } {
  const summary: RunSummary = {
    runId: crypto.randomUUID(),
    envoyUuid: crypto.randomUUID(),
    hostname: "web-1",
    startedAtMs: 1,
    receivedAtMs: 1,
    durationMs: 20,
    policyVersion: "v1",
    trigger: "interval",
    outcome: "changed",
    changed: 1,
    intentional: 0,
    corrective: 1,
    failed: 0,
    blocked: 0,
    skipped: 0,
    unknown: 0,
    total: 4,
    ...given,
  };
  const report: RunReport = {
    schema: 1,
    runId: summary.runId,
    policyVersion: summary.policyVersion,
    root: "ab".repeat(32),
    startedAtMs: summary.startedAtMs,
    durationMs: summary.durationMs,
    trigger: "interval",
    dryRun: false,
    counts: {
      none: 3,
      created: 0,
      updated: 1,
      deleted: 0,
      skipped: 0,
      blocked: 0,
      failed: 0,
      unknown: 0,
      would_change: 0,
    },
    resources: [
      { id: "file:/etc/motd", crate: "motd", outcome: "updated", diff: "+hello", durationMs: 2 },
    ],
    truncated: false,
  };
  return { summary, report };
}

function someBundle(root: string): StoredBundle {
  return {
    root,
    policyVersion: "v1",
    resources: [bundleResourceSchema.parse({
      id: "file:/etc/motd",
      type: "file",
      name: "/etc/motd",
      crate: "motd",
      source: "configcrates/motd.vgo:2:5",
      dependsOn: [],
      notify: [],
      params: { content: `über ${root}` },
    })],
  };
}

function someAuditRecord(seq: number): AuditRecord {
  return {
    seq,
    atMs: 1_700_000_000_000 + seq,
    principal: "local-root",
    action: "envoy.revoke",
    payload: { host: "web-1", list: [1, null, { deep: true }] },
    prevHash: String(seq - 1),
    hash: String(seq),
  };
}

function someManifestEntry(author: string, stamp: number): ManifestEntry {
  return manifestEntrySchema.parse({
    sha256: "11".repeat(32),
    sizeBytes: 5,
    chunkSizeBytes: 64 * 1024,
    chunksDigest: "22".repeat(32),
    label: "hello.txt",
    target: "*",
    retentionSecs: 0,
    subsystem: "payload",
    origin: "server",
    createdMs: 1,
    state: "active",
    stamp,
    author: author.repeat(64),
    signature: "33".repeat(64),
  });
}
