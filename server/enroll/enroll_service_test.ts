import assert from "node:assert/strict";
import { draftEnrolment, type EnrolmentDraft } from "../../tests/support/simulated_envoy.ts";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";

interface TokenFlags {
  readonly hostname?: string;
  readonly uses?: number;
  readonly replace?: boolean;
  readonly ttlMs?: number;
}

async function createToken(server: SimulatedFleet, flags: TokenFlags = {}): Promise<string> {
  const { ttlMs = 3_600_000, uses = 1, replace = false, hostname } = flags;
  const created = await server.fleet.tokens.create(
    { ttlMs, uses, replace, ...(hostname === undefined ? {} : { hostname }) },
    "local-root",
  );
  if (!created.ok) throw new Error(created.message);
  return created.value.token;
}

async function enroll(server: SimulatedFleet, draft: EnrolmentDraft) {
  return await server.fleet.enrolments.enroll(draft.request);
}

Deno.test("a token that was used once admits nobody else", async () => {
  await using server = await SimulatedFleet.start();
  const token = await createToken(server);
  assert.equal((await enroll(server, await draftEnrolment(token, "web-1"))).ok, true);
  const second = await enroll(server, await draftEnrolment(token, "web-2"));
  assert.match(second.ok ? "" : second.message, /has been used/);
});

Deno.test("of many machines that use one token at once, one is admitted", async () => {
  await using server = await SimulatedFleet.start();
  const token = await createToken(server);
  const drafts = await Promise.all(
    Array.from({ length: 6 }, (_, index) => draftEnrolment(token, `web-${index}`)),
  );
  const answers = await Promise.all(drafts.map((draft) => enroll(server, draft)));
  assert.equal(answers.filter(({ ok }) => ok).length, 1);
  assert.equal((await server.store.envoys.list()).length, 1);
});

Deno.test("an expired, a revoked and an unknown token are refused, each by its name", async () => {
  await using server = await SimulatedFleet.start();
  const expired = await createToken(server, { ttlMs: 1_000 });
  const revoked = await createToken(server);
  const { tokens } = await server.fleet.tokens.list();
  server.clock.offsetMs = 2_000;
  const newest = tokens.find(({ expiresAtMs }) => expiresAtMs > Date.now() + 60_000);
  assert.ok(newest);
  await server.fleet.tokens.revoke(newest.id, "local-root");
  const messages: string[] = [];
  for (const token of [expired, revoked, "vget_never-made-by-anybody"]) {
    const answer = await enroll(server, await draftEnrolment(token, "web-1"));
    messages.push(answer.ok ? "" : answer.message);
  }
  assert.match(messages[0] ?? "", /is expired/);
  assert.match(messages[1] ?? "", /is revoked/);
  assert.match(messages[2] ?? "", /not known/);
});

Deno.test("a token for some hostnames admits no other, and keeps its use", async () => {
  await using server = await SimulatedFleet.start();
  const token = await createToken(server, { hostname: "web-*" });
  const other = await enroll(server, await draftEnrolment(token, "db-1"));
  assert.match(other.ok ? "" : other.message, /is for hostname "web-\*"/);
  assert.equal((await enroll(server, await draftEnrolment(token, "WEB-1"))).ok, true);
  assert.ok(server.fleet.index.find("web-1"));
});

Deno.test("the same request again gets the same certificate for ten minutes, and no second envoy", async () => {
  await using server = await SimulatedFleet.start();
  const draft = await draftEnrolment(await createToken(server), "web-1");
  const first = await enroll(server, draft);
  const again = await enroll(server, draft);
  assert.ok(first.ok && again.ok);
  assert.deepEqual(again.value, first.value);
  assert.equal((await server.store.envoys.list()).length, 1);
  server.clock.offsetMs = 11 * 60_000;
  assert.equal((await enroll(server, draft)).ok, false);
});

Deno.test("the answer to an enrolment is not repeated once its token was revoked", async () => {
  await using server = await SimulatedFleet.start();
  const draft = await draftEnrolment(await createToken(server, { uses: 2 }), "web-1");
  assert.equal((await enroll(server, draft)).ok, true);
  const [token] = (await server.fleet.tokens.list()).tokens;
  assert.ok(token);
  assert.equal((await server.fleet.tokens.revoke(token.id, "local-root")).ok, true);
  const again = await enroll(server, draft);
  assert.match(again.ok ? "" : again.message, /is revoked/);
});

Deno.test("a signing key of small order is refused", async () => {
  await using server = await SimulatedFleet.start();
  const { request } = await draftEnrolment(await createToken(server), "web-1");
  const neutral = new Uint8Array(32);
  neutral[0] = 1;
  // The neutral element as key and as R, with S = 0: the equation holds for every message.
  const signature = new Uint8Array(64);
  signature[0] = 1;
  const answer = await server.fleet.enrolments.enroll({
    ...request,
    signingKey: neutral.toBase64(),
    signature: signature.toBase64(),
  });
  assert.match(answer.ok ? "" : answer.message, /does not verify/);
});

Deno.test("a hostname in use is refused, and is taken over only by a token that says so", async () => {
  await using server = await SimulatedFleet.start();
  const old = await server.enrol("web-1");
  const plain = await createToken(server);
  const refused = await enroll(server, await draftEnrolment(plain, "web-1"));
  assert.match(refused.ok ? "" : refused.message, /is in use by envoy/);
  const unused = await enroll(server, await draftEnrolment(plain, "web-2"));
  assert.equal(unused.ok, true, "the refusal took no use away");
  const replacing = await createToken(server, { hostname: "web-1", replace: true });
  const taken = await enroll(server, await draftEnrolment(replacing, "web-1"));
  assert.ok(taken.ok);
  assert.equal((await server.store.envoys.find(old.uuid))?.state, "revoked");
  assert.equal(server.fleet.index.find("web-1")?.record.uuid, taken.value.envoyUuid);
  assert.deepEqual(server.fleet.fleetDocuments.current.value.revokedEnvoys, [old.uuid]);
});

Deno.test("a replacing token needs a hostname without a wildcard", async () => {
  await using server = await SimulatedFleet.start();
  for (const flags of [{ hostname: "web-*" }, {}]) {
    const created = await server.fleet.tokens.create(
      { ttlMs: 1000, uses: 1, replace: true, ...flags },
      "local-root",
    );
    assert.equal(created.ok, false);
  }
});

Deno.test("a token for a hostname that no machine can have is not made", async () => {
  await using server = await SimulatedFleet.start();
  const create = (hostname: string) =>
    server.fleet.tokens.create({ ttlMs: 1000, uses: 1, replace: false, hostname }, "local-root");
  for (const hostname of ["web 9", "-web", "web-", "web 9*", "a..b", "wéb*"]) {
    const created = await create(hostname);
    assert.match(created.ok ? "" : created.message, /No machine can have the hostname/, hostname);
  }
  for (const hostname of ["WEB-1.example", "web-?", "[a-c]*.db", "web_1"]) {
    assert.ok((await create(hostname)).ok, hostname);
  }
});

Deno.test("the server's own hostname is enrolled only with a token that names it", async () => {
  await using server = await SimulatedFleet.start();
  const loose = await enroll(server, await draftEnrolment(await createToken(server), "vigo-1"));
  assert.match(loose.ok ? "" : loose.message, /the server's own name/);
  const globbed = await createToken(server, { hostname: "vigo-*" });
  assert.equal((await enroll(server, await draftEnrolment(globbed, "vigo-1"))).ok, false);
  const named = await createToken(server, { hostname: "vigo-1" });
  const own = await draftEnrolment(named, "vigo-1");
  assert.equal((await enroll(server, own)).ok, true);
  const { seederKeys } = server.fleet.fleetDocuments.current.value.swarm;
  const key = Uint8Array.fromBase64(own.request.signingKey).toHex();
  const validUntilMs = server.fleet.index.getActive("vigo-1")?.certificateNotAfterMs;
  assert.ok(validUntilMs !== undefined);
  assert.deepEqual(seederKeys, [{ key, hostname: "vigo-1", validUntilMs }]);
});

Deno.test("a request that its key did not sign, or whose CSR is none, is refused before the token is touched", async () => {
  await using server = await SimulatedFleet.start();
  const token = await createToken(server);
  const { request } = await draftEnrolment(token, "web-1");
  const { request: other } = await draftEnrolment(token, "web-1");
  const wrong = [
    { ...request, signature: other.signature },
    { ...request, csr: other.csr },
    { ...request, csr: new Uint8Array(6000).toBase64() },
    { ...request, signingKey: "" },
    { ...request, hostname: "no host" },
    { ...request, hostname: `${"a".repeat(64)}.example.com` },
  ];
  for (const sent of wrong) {
    assert.equal((await server.fleet.enrolments.enroll(sent)).ok, false);
  }
  assert.equal((await server.fleet.enrolments.enroll(request)).ok, true);
});

Deno.test("a signing key that another envoy has is refused, so that no two authors are one", async () => {
  await using server = await SimulatedFleet.start();
  const token = await createToken(server, { uses: 2 });
  const { request } = await draftEnrolment(token, "web-1");
  assert.equal((await server.fleet.enrolments.enroll(request)).ok, true);
  const second = await server.fleet.enrolments.enroll({ ...request, hostname: "web-2" });
  assert.match(second.ok ? "" : second.message, /the signing key belongs to envoy/);
});

Deno.test("of two machines that enrol with one signing key at once, one is admitted", async () => {
  await using server = await SimulatedFleet.start();
  const token = await createToken(server, { uses: 2 });
  const { request } = await draftEnrolment(token, "web-1");
  const answers = await Promise.all(
    ["web-1", "web-2"].map((hostname) => server.fleet.enrolments.enroll({ ...request, hostname })),
  );
  assert.equal(answers.filter(({ ok }) => ok).length, 1);
});

Deno.test("tokens are kept as hashes, and the audit log names them without showing them", async () => {
  await using server = await SimulatedFleet.start();
  const token = await createToken(server);
  await enroll(server, await draftEnrolment(token, "web-1"));
  const kept = JSON.stringify([
    await server.store.enrollTokens.list(),
    await server.store.audit.list({ limit: 100 }),
  ]);
  assert.ok(!kept.includes(token));
  assert.match(kept, /envoy\.enroll/);
});

Deno.test("the command for a token of one hostname enrols under it, and that of a pattern under the machine's", async () => {
  await using server = await SimulatedFleet.start();
  const commandFor = async (flags: { hostname?: string }) => {
    const request = { ttlMs: 3_600_000, uses: 1, replace: false, ...flags };
    const created = await server.fleet.tokens.create(request, "local-root");
    return created.ok ? created.value.command : created.message;
  };
  assert.match(await commandFor({ hostname: "WEB-1.example" }), / --hostname web-1\.example$/);
  for (const flags of [{}, { hostname: "web-*" }, { hostname: "web-?" }]) {
    assert.doesNotMatch(await commandFor(flags), /--hostname/);
  }
});
