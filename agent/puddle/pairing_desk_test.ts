import assert from "node:assert/strict";
import fc from "fast-check";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { PeerQuestion, PeerReply } from "../swarm/relay.ts";
import { claimIdentity } from "./claim_identity.ts";
import { type Claimer, PairingDesk } from "./pairing_desk.ts";
import { claimSchema } from "./pairing_messages.ts";

const CODE = "0123456789ABCDEF", WRONG = "FEDCBA9876543210";
const MINUTE_MS = 60_000;
const SOURCE = { uuid: "s", hostname: "web-1", fingerprint: sha256Hex("web-1") };
const CLAIMER = { uuid: "c", hostname: "web-2", fingerprint: sha256Hex("web-2") };

/** Two machines with a desk on the first; `change` is somebody in between. */
function connect(change: Partial<Claimer & { answer: (body: string) => string }> = {}) {
  const clock = { nowMs: 0 };
  const desk = new PairingDesk(() => clock.nowMs);
  const asked: string[] = [];
  const askPeer = ({ body }: PeerQuestion): Promise<PeerReply> => {
    const text = new TextDecoder().decode(body);
    asked.push(text);
    const claimer = { ...CLAIMER, ownFingerprint: SOURCE.fingerprint, ...change };
    const answer = JSON.stringify(
      desk.answer(claimSchema.parse(JSON.parse(text)), claimer, "web-1"),
    );
    return Promise.resolve({
      ok: true,
      peer: SOURCE,
      ownFingerprint: CLAIMER.fingerprint,
      body: new TextEncoder().encode(change.answer?.(answer) ?? answer),
    });
  };
  const claim = (code: string, user = "mara", host = "web-1") =>
    claimIdentity({ host, user, code }, askPeer);
  return { desk, clock, claim, asked };
}

function reasonOf(outcome: { ok: true } | { ok: false; reason: string }): string {
  return outcome.ok ? "claimed" : outcome.reason;
}

Deno.test("whoever knows the code gets what was offered, once", async () => {
  const { desk, claim } = connect();
  desk.open("mara", CODE, "content");
  assert.deepEqual(await claim(CODE), { ok: true, content: "content" });
  assert.deepEqual(desk.state("mara"), { state: "claimed", by: "web-2" });
  assert.match(reasonOf(await claim(CODE)), /no offer of mara stands on web-1/);
});

Deno.test("an offer is withdrawn at the fifth wrong code", async () => {
  const { desk, claim } = connect();
  desk.open("mara", CODE, "content");
  for (const left of [4, 3, 2, 1]) {
    assert.match(reasonOf(await claim(WRONG)), new RegExp(`wrong; ${left} attempts are left`));
  }
  assert.match(reasonOf(await claim(WRONG)), /5 times, so the offer is withdrawn/);
  assert.match(reasonOf(await claim(CODE)), /no offer/);
  assert.deepEqual(desk.state("mara"), { state: "withdrawn" });
});

Deno.test("an offer ends after five minutes", async () => {
  const { desk, clock, claim } = connect();
  desk.open("mara", CODE, "content");
  clock.nowMs = 5 * MINUTE_MS - 1;
  assert.deepEqual(desk.state("mara"), { state: "open", attemptsLeft: 5, endsInMs: 1 });
  clock.nowMs = 5 * MINUTE_MS;
  assert.match(reasonOf(await claim(CODE)), /no offer/);
  assert.deepEqual(desk.state("mara"), { state: "expired" });
});

Deno.test("a new offer takes the place of the one before, with attempts of its own", async () => {
  const { desk, claim } = connect();
  desk.open("mara", WRONG, "old");
  await claim(CODE);
  desk.open("mara", CODE, "new");
  assert.deepEqual(desk.state("mara"), {
    state: "open",
    attemptsLeft: 5,
    endsInMs: 5 * MINUTE_MS,
  });
  assert.deepEqual(await claim(CODE), { ok: true, content: "new" });
});

Deno.test("an offer is one user's alone", async () => {
  const { desk, claim } = connect();
  desk.open("mara", CODE, "content");
  assert.match(reasonOf(await claim(CODE, "dan")), /no offer of dan/);
  assert.equal(desk.state("mara").state, "open");
});

Deno.test("a proof over another certificate than the connection's is worth nothing", async () => {
  for (const change of [{ fingerprint: sha256Hex("x") }, { ownFingerprint: sha256Hex("x") }]) {
    const { desk, claim } = connect(change);
    desk.open("mara", CODE, "content");
    assert.match(reasonOf(await claim(CODE)), /the code is wrong/);
  }
});

Deno.test("what was changed on its way is not believed", async () => {
  const { desk, claim } = connect({ answer: (text) => text.replace('content"}', 'c0ntent"}') });
  desk.open("mara", CODE, "content");
  assert.match(reasonOf(await claim(CODE)), /did not prove that it knows the code/);
});

Deno.test("a machine that poses as the source learns nothing but a proof, and is not believed", async () => {
  const nonce = "ab".repeat(32);
  const asked: string[] = [];
  const askPeer = ({ body }: PeerQuestion): Promise<PeerReply> => {
    const text = new TextDecoder().decode(body);
    asked.push(text);
    const answer = text.includes("begin")
      ? { kind: "nonce", nonce }
      // The claimer's own proof sent back, and any identity.
      : { kind: "identity", proof: JSON.parse(text).proof, content: "forged" };
    return Promise.resolve({
      ok: true,
      peer: SOURCE,
      ownFingerprint: CLAIMER.fingerprint,
      body: new TextEncoder().encode(JSON.stringify(answer)),
    });
  };
  const outcome = await claimIdentity({ host: "web-1", user: "mara", code: CODE }, askPeer);
  assert.match(reasonOf(outcome), /did not prove/);
  assert.equal(asked.some((text) => text.includes(CODE)), false);
});

Deno.test("a peer with another name than the one asked for is not believed", async () => {
  const { desk, claim } = connect();
  desk.open("mara", CODE, "content");
  assert.match(reasonOf(await claim(CODE, "mara", "web-9")), /something else/);
});

Deno.test("a nonce serves one attempt", async () => {
  const { desk, claim, asked } = connect();
  desk.open("mara", CODE, "content");
  await claim(WRONG);
  const again = claimSchema.parse(JSON.parse(asked[1] ?? ""));
  const answer = desk.answer(
    again,
    { ...CLAIMER, ownFingerprint: SOURCE.fingerprint },
    "web-1",
  );
  assert.match(answer.kind === "refused" ? answer.reason : "", /has not begun/);
  assert.deepEqual(desk.state("mara").state, "open");
});

Deno.test("whatever a peer answers, a claim ends with a reason", async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      const askPeer = (): Promise<PeerReply> =>
        Promise.resolve({
          ok: true,
          peer: SOURCE,
          ownFingerprint: CLAIMER.fingerprint,
          body: new TextEncoder().encode(JSON.stringify(value)),
        });
      const outcome = await claimIdentity({ host: "web-1", user: "mara", code: CODE }, askPeer);
      assert.equal(outcome.ok, false);
    }),
    { seed: 6 },
  );
});

Deno.test("there are so many offers and no more", () => {
  const { desk, clock } = connect();
  for (let index = 0; index < 64; index += 1) {
    assert.ok(desk.open(`user${index}`, CODE, "content"));
  }
  assert.equal(desk.open("mara", CODE, "content"), undefined);
  assert.ok(desk.open("user1", CODE, "content"));
  clock.nowMs = 6 * MINUTE_MS;
  assert.ok(desk.open("mara", CODE, "content"));
});
