import assert from "node:assert/strict";
import { addEnvoy, someEnvoy, someObservation, someToken } from "./contract_records.ts";
import type { EnvoyObservation, EnvoyRecord, Store } from "./store.ts";

/** What every store promises of envoys, their certificates and what lets them enrol; part of the contract suite. */
export function testEnvoyContract(
  promise: (sentence: string, check: (store: Store) => Promise<void>) => void,
): void {
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
}
