import assert from "node:assert/strict";
import { ADDRESS, openPeople, PASSWORD } from "./people_fixture.ts";
import { LOCAL_ROOT } from "../service/principal.ts";
import { csrfTokenOf, SESSION_IDLE_MS, SESSION_LIFETIME_MS } from "./session_service.ts";

type People = ReturnType<typeof openPeople>;

async function logIn({ sessions }: People, name = "ann", password = PASSWORD, address = ADDRESS) {
  const answer = await sessions.login({ name, password }, address);
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.value;
}

Deno.test("who knows the password is logged in, as what he is at the moment", async () => {
  const people = openPeople();
  await people.add("ann", "operator");
  const { cookie, who } = await logIn(people, "Ann");
  assert.deepEqual([who.user, who.role, who.csrfToken], ["ann", "operator", csrfTokenOf(cookie)]);
  assert.equal((await people.sessions.holderOf(cookie, false))?.role, "operator");
  await people.users.setRole("ann", "viewer", LOCAL_ROOT);
  assert.equal((await people.sessions.holderOf(cookie, false))?.role, "viewer");
  assert.equal((await people.store.users.find("ann"))?.lastLoginMs, people.clock.nowMs);
  assert.equal(await people.sessions.holderOf(`${cookie}x`, false), undefined);
});

Deno.test("somebody sees and ends the own sessions, and nobody else's", async () => {
  const people = openPeople();
  for (const name of ["ann", "bob"]) await people.add(name, "viewer");
  const [first, foreign] = [await logIn(people), await logIn(people, "bob")];
  people.clock.nowMs += 1000;
  const second = await logIn(people);
  const ann = await people.sessions.holderOf(second.cookie, false) ?? assert.fail();
  const bob = await people.sessions.holderOf(foreign.cookie, false) ?? assert.fail();
  const listed = await people.sessions.list(ann);
  assert.deepEqual(listed.map(({ current }) => current), [true, false]);
  const [, old] = listed;
  assert.equal(await people.sessions.end(old?.id ?? "", bob), false);
  assert.ok(await people.sessions.holderOf(first.cookie, false));
  assert.equal(await people.sessions.end(old?.id ?? "", ann), true);
  assert.equal(await people.sessions.holderOf(first.cookie, false), undefined);
  assert.equal((await people.sessions.list(ann)).length, 1);
  assert.equal((await people.acts()).at(-1)?.action, "session.end");
  assert.deepEqual(await people.sessions.list(LOCAL_ROOT), []);
  people.clock.nowMs += SESSION_IDLE_MS;
  assert.deepEqual(await people.sessions.list(ann), []);
});

Deno.test("a wrong password, an unknown name and a disabled user get one answer after the same work", async () => {
  const people = openPeople();
  await people.add("root", "admin");
  for (const name of ["ann", "bob"]) await people.add(name, "viewer");
  await people.users.disable("bob", LOCAL_ROOT);
  const answers: unknown[] = [];
  for (
    const [name, password] of [["ann", "wrong wrong wrong"], ["nobody", PASSWORD], [
      "bob",
      PASSWORD,
    ]] as const
  ) {
    const before = people.hasher.verified;
    answers.push(await people.sessions.login({ name, password }, ADDRESS));
    assert.equal(people.hasher.verified - before, 1, name);
  }
  const wrong = { ok: false, status: 401, message: "The name or the password is wrong" };
  assert.deepEqual(answers, [wrong, wrong, wrong]);
});

Deno.test("what is kept of a failed login names users alone, and no password", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  await people.sessions.login({ name: "ann", password: "wrong wrong wrong" }, ADDRESS);
  await people.sessions.login({ name: "hunter2-typed-here", password: PASSWORD }, ADDRESS);
  const refused = (await people.acts()).filter(({ action }) => action === "session.refused");
  assert.deepEqual(refused.map(({ principal, payload }) => [principal, payload]), [
    ["anonymous", { user: "ann", address: ADDRESS }],
    ["anonymous", { user: null, address: ADDRESS }],
  ]);
  assert.doesNotMatch(JSON.stringify(await people.acts()), /wrong wrong|hunter2|correct horse/);
});

Deno.test("wrong passwords under one name make the next attempts wait, from any address, known or not", async () => {
  for (const name of ["ann", "nobody"]) {
    const people = openPeople();
    await people.add("ann", "viewer");
    const fail = async (address: string) => {
      const answer = await people.sessions.login({ name, password: "wrong wrong wrong" }, address);
      return answer.ok ? undefined : [answer.status, answer.retryAfterMs];
    };
    for (let count = 0; count < 5; count += 1) {
      assert.deepEqual(await fail(`192.0.2.${count}`), [401, undefined]);
    }
    const waits: unknown[] = [];
    for (let count = 0; count < 12; count += 1) {
      const [status, waitMs = 0] = await fail(`198.51.100.${count}`) ?? [];
      assert.equal(status, 429);
      waits.push(waitMs / 1000);
      people.clock.nowMs += waitMs;
      assert.deepEqual(await fail(`203.0.113.${count}`), [401, undefined]);
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
  }
});

Deno.test("while a name waits the right password waits too, and then clears it", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  const attempt = (password: string) => people.sessions.login({ name: "ann", password }, ADDRESS);
  for (let count = 0; count < 5; count += 1) await attempt("wrong wrong wrong");
  const before = people.hasher.verified;
  const early = await attempt(PASSWORD);
  assert.equal(early.ok ? 200 : early.status, 429);
  assert.equal(people.hasher.verified, before, "no work is done for it");
  people.clock.nowMs += 1000;
  await logIn(people);
  for (let count = 0; count < 4; count += 1) {
    const answer = await attempt("wrong wrong wrong");
    assert.equal(answer.ok ? 200 : answer.status, 401);
  }
});

Deno.test("many attempts at once count each", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  await Promise.all(
    Array.from(
      { length: 12 },
      (_, n) =>
        people.sessions.login({ name: "ann", password: "wrong wrong wrong" }, `192.0.2.${n}`),
    ),
  );
  const answer = await people.sessions.login({ name: "ann", password: PASSWORD }, "192.0.2.99");
  assert.equal(answer.ok ? 200 : answer.status, 429);
});

Deno.test("an address that tries many names waits, and a good account is no way around it", async () => {
  const people = openPeople();
  await people.add("mallory", "viewer");
  for (let count = 0; count < 21; count += 1) {
    await people.sessions.login({ name: `user-${count}`, password: PASSWORD }, ADDRESS);
  }
  const own = await people.sessions.login({ name: "mallory", password: PASSWORD }, ADDRESS);
  assert.equal(own.ok ? 200 : own.status, 429);
  await logIn(people, "mallory", PASSWORD, "192.0.2.8");
});

Deno.test("guesses at the same moment are as many as guesses one after the other", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  const guesses = await Promise.all(
    Array.from(
      { length: 40 },
      (_, count) => people.sessions.login({ name: "ann", password: `guess ${count}` }, ADDRESS),
    ),
  );
  const looked = guesses.filter((guess) => !guess.ok && guess.status === 401).length;
  assert.deepEqual([looked, people.hasher.verified], [5, 5]);
});

Deno.test("one address guesses no more names at the same moment than one after the other", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  await Promise.all(
    Array.from(
      { length: 60 },
      (_, count) => people.sessions.login({ name: `user${count}`, password: "a guess" }, ADDRESS),
    ),
  );
  assert.ok(people.hasher.verified <= 21, `${people.hasher.verified} were looked at`);
  const crowd = await Promise.all(
    Array.from(
      { length: 15 },
      () => people.sessions.login({ name: "ann", password: PASSWORD }, "192.0.2.8"),
    ),
  );
  assert.ok(crowd.some(({ ok }) => ok), "who has the password comes in from elsewhere");
});

Deno.test("an administrator lets in again whom wrong passwords keep out", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  for (let count = 0; count < 8; count += 1) {
    await people.sessions.login({ name: "ann", password: "wrong wrong wrong" }, ADDRESS);
  }
  const shown = await people.users.show("ann");
  assert.ok(shown.ok && shown.value.lockedUntilMs !== null);
  await people.users.enable("ann", LOCAL_ROOT);
  await logIn(people);
});

Deno.test("a session ends after a quarter of an hour that nobody used it", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  const { cookie } = await logIn(people);
  const isThere = async (isAutomatic: boolean) =>
    await people.sessions.holderOf(cookie, isAutomatic) !== undefined;
  for (let count = 0; count < 3; count += 1) {
    people.clock.nowMs += SESSION_IDLE_MS - 1;
    assert.equal(await isThere(false), true, "it was used in time");
  }
  for (let count = 0; count < 14; count += 1) {
    people.clock.nowMs += 60_000;
    assert.equal(await isThere(true), true);
  }
  people.clock.nowMs += 60_000;
  assert.equal(await isThere(true), false, "what a page asks by itself is no use of it");
  assert.equal(await isThere(false), false, "and it does not come back");
});

Deno.test("a session ends with the day, however busy it is", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  const { cookie } = await logIn(people);
  const endMs = people.clock.nowMs + SESSION_LIFETIME_MS;
  while (people.clock.nowMs < endMs - 600_000) {
    people.clock.nowMs += 600_000;
    if (people.clock.nowMs < endMs) assert.ok(await people.sessions.holderOf(cookie, false));
  }
  people.clock.nowMs = endMs;
  assert.equal(await people.sessions.holderOf(cookie, false), undefined);
});

Deno.test("logging out, being disabled and being removed end sessions at once", async () => {
  const people = openPeople();
  await people.add("root", "admin");
  for (const name of ["ann", "bob", "cid"]) await people.add(name, "viewer");
  const cookies = await Promise.all(
    ["ann", "bob", "cid"].map(async (name) => (await logIn(people, name)).cookie),
  );
  const [ann] = cookies;
  const principal = await people.sessions.holderOf(ann ?? "", false);
  assert.equal(await people.sessions.logout(principal ?? assert.fail()), true);
  await people.users.disable("bob", LOCAL_ROOT);
  await people.users.enable("bob", LOCAL_ROOT);
  await people.users.remove("cid", LOCAL_ROOT);
  for (const cookie of cookies) {
    assert.equal(await people.sessions.holderOf(cookie, false), undefined);
  }
  assert.equal(await people.sessions.logout(LOCAL_ROOT), false);
});

Deno.test("a user who logs in again and again has a bounded number of sessions", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  const first = await logIn(people);
  for (let count = 0; count < 25; count += 1) {
    people.clock.nowMs += 1;
    await logIn(people);
  }
  assert.equal((await people.store.sessions.listByUser("ann")).length, 20);
  assert.equal(await people.sessions.holderOf(first.cookie, false), undefined);
});

Deno.test("changing one's password takes the old one, keeps this session and ends the others", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  const [here, elsewhere] = [await logIn(people), await logIn(people)];
  const ann = await people.sessions.holderOf(here.cookie, false) ?? assert.fail();
  const change = (current: string) =>
    people.sessions.changePassword({ current, password: "another long password" }, ann, ADDRESS);
  const wrong = await change("wrong wrong wrong");
  assert.equal(wrong.ok ? 200 : wrong.status, 403);
  assert.ok((await change(PASSWORD)).ok);
  assert.ok(await people.sessions.holderOf(here.cookie, false));
  assert.equal(await people.sessions.holderOf(elsewhere.cookie, false), undefined);
  await logIn(people, "ann", "another long password");
  const token = await people.sessions.changePassword(
    { current: PASSWORD, password: PASSWORD },
    LOCAL_ROOT,
    ADDRESS,
  );
  assert.equal(token.ok ? 200 : token.status, 403);
});

Deno.test("a password that an administrator replaced meanwhile cannot be changed back", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  const { cookie } = await logIn(people);
  const ann = await people.sessions.holderOf(cookie, false) ?? assert.fail();
  const [reached, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const hash = people.hasher.hash.bind(people.hasher);
  people.hasher.hash = async (password) => {
    reached.resolve();
    await held.promise;
    return await hash(password);
  };
  const thief = people.sessions.changePassword(
    { current: PASSWORD, password: "the password of a thief" },
    ann,
    ADDRESS,
  );
  await reached.promise;
  people.hasher.hash = hash;
  await people.users.setPassword("ann", "another long password", LOCAL_ROOT);
  held.resolve();
  const answer = await thief;
  assert.equal(answer.ok ? 200 : answer.status, 403);
  await logIn(people, "ann", "another long password");
});

Deno.test("what lies in the store logs nobody in, and is forgotten in time", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  const { cookie } = await logIn(people);
  const [session] = await people.store.sessions.listByUser("ann");
  assert.equal(await people.sessions.holderOf(session?.hash ?? "", false), undefined);
  assert.equal(people.sessions.isCsrfToken(cookie, csrfTokenOf(cookie)), true);
  assert.equal(people.sessions.isCsrfToken(cookie, csrfTokenOf(`${cookie}x`)), false);
  await people.sessions.prune();
  assert.ok(await people.sessions.holderOf(cookie, true));
  people.clock.nowMs += SESSION_IDLE_MS + 1;
  await people.sessions.prune();
  assert.deepEqual(await people.store.sessions.listByUser("ann"), []);
});
