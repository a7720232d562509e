import assert from "node:assert/strict";
import type { ApiTokenRecord, SessionRecord, UserRecord } from "./people_store.ts";
import type { Store } from "./store.ts";

/** What every store promises of users, tokens, sessions and failed logins; part of the contract suite. */
export function testPeopleContract(
  promise: (sentence: string, check: (store: Store) => Promise<void>) => void,
): void {
  promise(
    "a user comes back as he was added, under a name that is his alone",
    async ({ users }) => {
      const ann = someUser("ann");
      assert.equal(await users.add(ann), true);
      assert.equal(await users.add({ ...ann, role: "admin" }), false);
      assert.deepEqual(await users.find("ann"), ann);
      assert.equal(await users.find("bob"), undefined);
      await users.add(someUser("Zoe"));
      await users.add(someUser("abe"));
      assert.deepEqual((await users.list()).map(({ name }) => name), ["Zoe", "abe", "ann"]);
    },
  );

  promise("of a user only what is named changes, until he is removed", async ({ users }) => {
    const ann = someUser("ann");
    await users.add(ann);
    assert.equal(await users.update("ann", { role: "admin", disabledAtMs: 7 }), true);
    assert.deepEqual(await users.find("ann"), { ...ann, role: "admin", disabledAtMs: 7 });
    await users.update("ann", {
      disabledAtMs: null,
      lastLoginMs: 9,
      password: "p",
      passwordAtMs: 8,
    });
    assert.deepEqual(await users.find("ann"), {
      ...ann,
      role: "admin",
      lastLoginMs: 9,
      password: "p",
      passwordAtMs: 8,
    });
    assert.equal(await users.update("bob", { role: "viewer" }), false);
    assert.deepEqual([await users.remove("ann"), await users.remove("ann")], [true, false]);
    assert.equal(await users.find("ann"), undefined);
  });

  promise("an API token has its name alone until it is revoked", async ({ apiTokens }) => {
    const first = someToken("1", { name: "ci" });
    assert.equal(await apiTokens.add(first), true);
    assert.equal(await apiTokens.add(someToken("2", { name: "ci" })), false);
    assert.deepEqual(await apiTokens.find(first.hash), first);
    assert.equal(await apiTokens.revoke(first.hash, 50), true);
    assert.equal(await apiTokens.revoke(first.hash, 60), false);
    assert.equal(await apiTokens.revoke("unknown", 60), false);
    const second = someToken("3", { name: "ci", createdAtMs: 2 });
    assert.equal(await apiTokens.add(second), true);
    await apiTokens.add(someToken("4", { name: "backup" }));
    await apiTokens.touch(second.hash, 70);
    assert.deepEqual(
      (await apiTokens.list()).map(({ hash, revokedAtMs, lastUsedMs }) => [
        hash,
        revokedAtMs,
        lastUsedMs,
      ]),
      [["4", null, null], ["3", null, 70], ["1", 50, null]],
    );
  });

  promise("the tokens of a user are revoked at once, and nobody else's", async ({ apiTokens }) => {
    await apiTokens.add(someToken("1", { name: "a", owner: "ann" }));
    await apiTokens.add(someToken("2", { name: "b", owner: "ann", revokedAtMs: 3 }));
    await apiTokens.add(someToken("3", { name: "c", owner: "bob" }));
    await apiTokens.add(someToken("4", { name: "d", owner: null }));
    assert.equal(await apiTokens.revokeByOwner("ann", 9), 1);
    assert.deepEqual((await apiTokens.list()).map(({ revokedAtMs }) => revokedAtMs), [
      9,
      3,
      null,
      null,
    ]);
  });

  promise("tokens long revoked or expired are pruned", async ({ apiTokens }) => {
    await apiTokens.add(someToken("1", { name: "expired", expiresAtMs: 9 }));
    await apiTokens.add(someToken("2", { name: "revoked", revokedAtMs: 9 }));
    await apiTokens.add(someToken("3", { name: "valid" }));
    await apiTokens.add(someToken("4", { name: "just", revokedAtMs: 10 }));
    assert.equal(await apiTokens.prune(10), 2);
    assert.deepEqual((await apiTokens.list()).map(({ name }) => name), ["just", "valid"]);
  });

  promise(
    "a session lives on when it is used, and its time never goes back",
    async ({ sessions }) => {
      const session = someSession("1", { activeAtMs: 10 });
      await sessions.add(session);
      await assert.rejects(sessions.add(session));
      await sessions.touch("1", 20);
      await sessions.touch("1", 15);
      assert.deepEqual(await sessions.find("1"), { ...session, activeAtMs: 20 });
      assert.deepEqual([await sessions.remove("1"), await sessions.remove("1")], [true, false]);
      assert.equal(await sessions.find("1"), undefined);
    },
  );

  promise("the sessions of a user end together, but for one", async ({ sessions }) => {
    await sessions.add(someSession("1", { activeAtMs: 30 }));
    await sessions.add(someSession("2", { activeAtMs: 20 }));
    await sessions.add(someSession("3", { activeAtMs: 10 }));
    await sessions.add(someSession("4", { user: "bob" }));
    const hashes = async (user: string) =>
      (await sessions.listByUser(user)).map(({ hash }) => hash);
    assert.deepEqual(await hashes("ann"), ["3", "2", "1"]);
    assert.equal(await sessions.removeByUser("ann", "2"), 2);
    assert.deepEqual([await hashes("ann"), await hashes("bob")], [["2"], ["4"]]);
    assert.equal(await sessions.removeByUser("ann"), 1);
  });

  promise("sessions idle or old are pruned", async ({ sessions }) => {
    await sessions.add(someSession("idle", { createdAtMs: 50, activeAtMs: 50 }));
    await sessions.add(someSession("old", { createdAtMs: 5, activeAtMs: 100 }));
    await sessions.add(someSession("live", { createdAtMs: 50, activeAtMs: 100 }));
    assert.equal(await sessions.prune({ activeBeforeMs: 100, createdBeforeMs: 50 }), 2);
    assert.deepEqual((await sessions.listByUser("ann")).map(({ hash }) => hash), ["live"]);
  });

  promise("failed logins are counted in a row, all at once too, and forgotten", async (store) => {
    const { loginFailures } = store;
    const counts = await Promise.all(
      Array.from({ length: 5 }, () => loginFailures.count("user:ann", 10, 0)),
    );
    assert.deepEqual(counts.sort(), [1, 2, 3, 4, 5]);
    assert.equal(await loginFailures.count("address:a", 20, 0), 1);
    assert.deepEqual(await loginFailures.find("user:ann"), {
      subject: "user:ann",
      failures: 5,
      failedAtMs: 10,
    });
    assert.equal(await loginFailures.count("user:ann", 50, 11), 1, "the last one is long ago");
    assert.equal(await loginFailures.prune(21), 1);
    assert.equal(await loginFailures.find("address:a"), undefined);
    assert.deepEqual(
      [await loginFailures.remove("user:ann"), await loginFailures.remove("user:ann")],
      [true, false],
    );
  });
}

function someUser(name: string): UserRecord {
  return {
    name,
    role: "operator",
    password: "$scrypt$ln=15,r=8,p=3$c2FsdA$aGFzaA",
    createdAtMs: 1_700_000_000_000,
    createdBy: "local-root",
    passwordAtMs: 1_700_000_000_000,
    lastLoginMs: null,
    disabledAtMs: null,
  };
}

function someToken(hash: string, given: Partial<ApiTokenRecord>): ApiTokenRecord {
  return {
    hash,
    name: "ci",
    role: "viewer",
    owner: "ann",
    createdAtMs: 1,
    createdBy: "user:ann",
    expiresAtMs: 1_700_000_000_000,
    lastUsedMs: null,
    revokedAtMs: null,
    ...given,
  };
}

function someSession(hash: string, given: Partial<SessionRecord> = {}): SessionRecord {
  return { hash, user: "ann", createdAtMs: 1, activeAtMs: 1, ...given };
}
