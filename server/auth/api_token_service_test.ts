import assert from "node:assert/strict";
import { PERSON_ROLES, type PersonRole } from "../../shared/rest/roles.ts";
import { openPeople, someone } from "./people_fixture.ts";
import { envoyPrincipal, LOCAL_ROOT, type Principal } from "../service/principal.ts";

const DAY_MS = 86_400_000;

function create(
  { tokens }: ReturnType<typeof openPeople>,
  principal: Principal,
  given: { name?: string; role?: PersonRole; ttlMs?: number; owner?: string } = {},
) {
  return tokens.create({ name: "ci", role: "viewer", ttlMs: DAY_MS, ...given }, principal);
}

/** The token, which must have been made. */
async function made(...given: Parameters<typeof create>) {
  const answer = await create(...given);
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer.value;
}

Deno.test("a token makes its bearer what it was made for, and is kept as a hash alone", async () => {
  const people = openPeople();
  await people.add("ann", "operator");
  const { token, info } = await made(people, someone("ann", "operator"), {
    role: "operator",
  });
  assert.match(token, /^vgot_[\w-]{43}$/);
  const holder = await people.tokens.holderOf(token);
  assert.deepEqual([holder?.name, holder?.role, holder?.owner], ["token:ci", "operator", "ann"]);
  assert.equal(await people.tokens.holderOf(`${token}x`), undefined);
  assert.equal(await people.tokens.holderOf(holder?.hash ?? ""), undefined);
  const kept = JSON.stringify([await people.store.apiTokens.list(), await people.acts(), info]);
  assert.ok(!kept.includes(token) && !kept.includes(token.slice(5)));
  assert.ok(holder?.hash.startsWith(info.id));
});

Deno.test("who logs in by a token has logged in; who makes one for a script has not", async () => {
  const people = openPeople();
  await people.add("ann", "operator");
  const lastLogin = async () => (await people.store.users.find("ann"))?.lastLoginMs;
  await made(people, someone("ann", "operator"));
  assert.equal(await lastLogin(), null);
  const ann = await people.store.users.find("ann") ?? assert.fail();
  const login = { name: "ann-1", role: "viewer", ttlMs: DAY_MS } as const;
  assert.ok((await people.tokens.createFor(ann, login)).ok);
  assert.equal(typeof await lastLogin(), "number");
});

Deno.test("nobody makes a token that may do more than he may", async () => {
  const people = openPeople();
  for (const role of PERSON_ROLES) await people.add(role, role);
  for (const [at, mine] of PERSON_ROLES.entries()) {
    for (const [wanted, role] of PERSON_ROLES.entries()) {
      const name = `${mine}-${role}`;
      const answer = await create(people, someone(mine, mine), { name, role });
      assert.equal(answer.ok ? 200 : answer.status, wanted <= at ? 200 : 403, name);
    }
  }
  const envoy = await create(people, envoyPrincipal("u"));
  assert.equal(envoy.ok ? 200 : envoy.status, 403);
});

Deno.test("a token made with a token acts for the same owner, and lasts no longer", async () => {
  const people = openPeople();
  await people.add("ann", "operator");
  const first = await made(people, someone("ann", "operator"), { role: "operator" });
  const holder = await people.tokens.holderOf(first.token) ?? assert.fail();
  const second = await made(people, holder, { name: "child", ttlMs: 300 * DAY_MS });
  assert.deepEqual(
    [second.info.owner, second.info.expiresAtMs],
    ["ann", first.info.expiresAtMs],
  );
  const above = await create(people, holder, { name: "above", role: "admin" });
  assert.equal(above.ok ? 200 : above.status, 403);
});

Deno.test("an administrator makes tokens for others, within what they may; nobody else does", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  await people.add("bob", "operator");
  const outcome = async (principal: Principal, name: string, role: PersonRole, owner: string) => {
    const answer = await create(people, principal, { name, role, owner });
    return answer.ok ? answer.value.info.owner : answer.status;
  };
  assert.equal(await outcome(LOCAL_ROOT, "a", "viewer", "ann"), "ann");
  assert.equal(await outcome(LOCAL_ROOT, "b", "operator", "ann"), 403);
  assert.equal(await outcome(LOCAL_ROOT, "c", "viewer", "nobody"), 404);
  assert.equal(await outcome(someone("bob", "operator"), "d", "viewer", "ann"), 403);
  assert.equal(await outcome(someone("bob", "operator"), "e", "viewer", "bob"), "bob");
});

Deno.test("a token never does more than its owner may now, and nothing while he may not log in", async () => {
  const people = openPeople();
  await people.add("root", "admin");
  await people.add("ann", "admin");
  const { token } = await made(people, someone("ann", "admin"), { role: "operator" });
  const role = async () => (await people.tokens.holderOf(token))?.role;
  assert.equal(await role(), "operator");
  await people.users.setRole("ann", "viewer", LOCAL_ROOT);
  assert.equal(await role(), "viewer");
  await people.users.disable("ann", LOCAL_ROOT);
  assert.equal(await role(), undefined);
  await people.users.enable("ann", LOCAL_ROOT);
  assert.equal(await role(), "viewer");
  await people.users.remove("ann", LOCAL_ROOT);
  assert.equal(await role(), undefined);
  await people.add("ann", "admin");
  assert.equal(await role(), undefined, "another ann inherits nothing");
});

Deno.test("a token ends at its time or when it is revoked, and then its name is free", async () => {
  const people = openPeople();
  const first = await made(people, LOCAL_ROOT);
  const taken = await create(people, LOCAL_ROOT);
  assert.equal(taken.ok ? 200 : taken.status, 409);
  people.clock.nowMs += DAY_MS - 1;
  assert.ok(await people.tokens.holderOf(first.token));
  people.clock.nowMs += 1;
  assert.equal(await people.tokens.holderOf(first.token), undefined);
  const second = await made(people, LOCAL_ROOT);
  assert.ok((await people.tokens.revoke("ci", LOCAL_ROOT)).ok);
  assert.equal(await people.tokens.holderOf(second.token), undefined);
  await made(people, LOCAL_ROOT);
  const states = (await people.tokens.list(LOCAL_ROOT)).map(({ state }) => state);
  assert.deepEqual(states.sort(), ["revoked", "revoked", "valid"]);
});

Deno.test("people see and revoke their own tokens, administrators all", async () => {
  const people = openPeople();
  for (const name of ["ann", "bob"]) await people.add(name, "viewer");
  const [ann, bob] = [someone("ann", "viewer"), someone("bob", "viewer")];
  const mine = await made(people, ann, { name: "mine" });
  await made(people, LOCAL_ROOT, { name: "roots" });
  const names = async (principal: Principal) =>
    (await people.tokens.list(principal)).map(({ name }) => name);
  assert.deepEqual(
    [await names(ann), await names(bob), await names(LOCAL_ROOT)],
    [["mine"], [], ["mine", "roots"]],
  );
  for (const id of ["mine", mine.info.id, "roots", "m", ""]) {
    const answer = await people.tokens.revoke(id, bob);
    assert.equal(answer.ok ? 200 : answer.status, 404, id);
  }
  assert.ok(await people.tokens.holderOf(mine.token));
  assert.ok((await people.tokens.revoke(mine.info.id, ann)).ok);
  assert.equal(await people.tokens.holderOf(mine.token), undefined);
});

Deno.test("the last use is known to the minute", async () => {
  const people = openPeople();
  const { token } = await made(people, LOCAL_ROOT);
  const lastUsed = async () => (await people.tokens.list(LOCAL_ROOT))[0]?.lastUsedMs;
  assert.equal(await lastUsed(), null);
  const firstMs = people.clock.nowMs;
  await people.tokens.holderOf(token);
  people.clock.nowMs += 59_999;
  await people.tokens.holderOf(token);
  assert.equal(await lastUsed(), firstMs);
  people.clock.nowMs += 1;
  await people.tokens.holderOf(token);
  assert.equal(await lastUsed(), firstMs + 60_000);
});

Deno.test("one user uses up neither the tokens that there are for all nor the list of them", async () => {
  const people = openPeople();
  await people.add("ann", "viewer");
  await people.add("bob", "viewer");
  const [ann, bob] = [someone("ann", "viewer"), someone("bob", "viewer")];
  const make = async (owner: Principal, name: string) => {
    const answer = await create(people, owner, { name });
    return answer.ok ? 200 : answer.status;
  };
  let count = 0;
  while (await make(ann, `t${count}`) === 200) count += 1;
  assert.equal(count, 100);
  assert.ok((await people.tokens.revoke("t0", ann)).ok);
  assert.equal(await make(ann, "again"), 429, "what is revoked was made all the same");
  assert.equal(await make(bob, "ci"), 200);
  for (let hour = 0; hour < 5; hour += 1) {
    people.clock.nowMs += 3_600_000;
    while (await make(ann, `t${count}`) === 200) count += 1;
  }
  assert.equal(
    (await people.tokens.list(ann)).filter(({ state }) => state === "valid").length,
    500,
  );
});
