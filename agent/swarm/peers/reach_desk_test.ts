import assert from "node:assert/strict";
import type { PeerIdentity } from "./peer_identity.ts";
import { endpointKey } from "./peer_registry.ts";
import { REACH_MS, ReachDesk } from "./reach_desk.ts";

const HOME = { address: "10.0.0.2", port: 1531 };
const caller = (uuid: string): PeerIdentity => ({ uuid, hostname: uuid, fingerprint: "0" });

/** A desk whose calls are written down, and answered when the test says so. */
function openDesk() {
  const called: string[] = [];
  const clock = { nowMs: 1_000_000 };
  const held: (() => void)[] = [];
  const desk = new ReachDesk({
    knock: async (endpoint, uuid) => {
      called.push(`${uuid} at ${endpointKey(endpoint)}`);
      await new Promise<void>((resolve) => held.push(resolve));
      return { outcome: "answered", detail: "" };
    },
    heard: () => ({ lastMs: 999_000, sinceMs: undefined }),
    now: () => clock.nowMs,
  });
  return { called, clock, desk, release: () => held.splice(0).forEach((one) => one()) };
}

Deno.test("a caller is called back where it called from, and hears what was seen", async () => {
  const { called, desk, release } = openDesk();
  const answer = desk.answer(caller("a"), HOME);
  release();
  assert.deepEqual(await answer, {
    ...HOME,
    outcome: "answered",
    detail: "",
    heardAgoMs: 1000,
    listeningMs: null,
  });
  assert.deepEqual(called, ["a at 10.0.0.2:1531"]);
});

Deno.test("one caller is called back once a minute, on whatever port it says it listens", async () => {
  const { called, clock, desk, release } = openDesk();
  const first = desk.answer(caller("a"), HOME);
  assert.equal(await desk.answer(caller("a"), { ...HOME, port: 22 }), "busy");
  release();
  await first;
  clock.nowMs += REACH_MS - 1;
  assert.equal(await desk.answer(caller("a"), HOME), "busy");
  clock.nowMs += 1;
  const second = desk.answer(caller("a"), HOME);
  release();
  assert.notEqual(await second, "busy");
  assert.equal(called.length, 2);
});

Deno.test("however many call, only four are called back at once", async () => {
  const { called, desk, release } = openDesk();
  const answers = Array.from({ length: 20 }, (_, index) => desk.answer(caller(`${index}`), HOME));
  const refused = await Promise.all(answers.slice(4));
  assert.ok(refused.every((answer) => answer === "busy"));
  assert.equal(called.length, 4);
  release();
  assert.ok((await Promise.all(answers.slice(0, 4))).every((answer) => answer !== "busy"));
});
