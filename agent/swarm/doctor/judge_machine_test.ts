import assert from "node:assert/strict";
import type { DiagnosedInterface, Diagnosis } from "../diagnosis.ts";
import { SOUND, SOUND_INTERFACE } from "./fake_diagnosis.ts";
import { judgeMachine } from "./judge_machine.ts";

const codes = (diagnosis: Diagnosis) =>
  judgeMachine(diagnosis).map(({ level, code }) => `${level} ${code}`);

const withInterface = (changes: Partial<DiagnosedInterface>): Diagnosis => ({
  ...SOUND,
  interfaces: [{ ...SOUND_INTERFACE, ...changes }],
});

Deno.test("a sound machine tells which interface heard whom and when, and how many peers it has", () => {
  const [heard, peers, ...more] = judgeMachine(SOUND);
  assert.equal(heard?.text, "eth0 (10.0.0.2) heard web-2 4s ago");
  assert.equal(peers?.code, "peers");
  assert.deepEqual(more, []);
});

Deno.test("every problem says what to do about it", () => {
  const sick: Diagnosis[] = [
    { ...SOUND, quiet: "away for 8 days" },
    {
      ...SOUND,
      multicast: { ...SOUND.multicast, state: "failed", problem: "Too many open files" },
    },
    { ...SOUND, interfaces: [] },
    withInterface({ joined: false, problem: "No buffer space available" }),
    withInterface({ problem: "Operation not permitted" }),
  ];
  for (const diagnosis of sick) {
    const problems = judgeMachine(diagnosis).filter(({ level }) => level === "problem");
    assert.equal(problems.length, 1);
    assert.ok(problems[0]?.remedy);
  }
});

Deno.test("announcements that leave and never come back mean that this machine drops them", () => {
  assert.ok(codes(withInterface({ returnedAgoMs: null })).includes("problem not-returned"));
  assert.ok(codes(withInterface({ returnedAgoMs: 40_000 })).includes("problem not-returned"));
  const early = { ...SOUND.multicast, listeningMs: 2_000 };
  const young = { ...withInterface({ returnedAgoMs: null }), multicast: early };
  assert.ok(!codes(young).includes("problem not-returned"));
});

Deno.test("what keeps a machine from hearing anybody is told once, and not again for each peer", () => {
  const silent = [{ hostname: "web-2", address: "10.0.0.3" }];
  const nobody = { heardCount: 0, heard: [], silent };
  assert.deepEqual(codes(withInterface(nobody)), ["problem unheard", "ok peers"]);
  assert.deepEqual(codes(withInterface({ ...nobody, returnedAgoMs: null })), [
    "problem not-returned",
    "ok peers",
  ]);
});

Deno.test("nobody to be heard is nobody's fault", () => {
  assert.deepEqual(codes({ ...withInterface({ heardCount: 0, heard: [] }), peers: 0 }), [
    "note heard-nobody",
    "note peers",
  ]);
});

Deno.test("an announced address that does not lead here is told, and what it leads to", () => {
  const announced = { address: "10.0.0.99", port: 1531, isOwn: false };
  const judge = (knock: NonNullable<Diagnosis["announced"]>["knock"]) =>
    judgeMachine({ ...SOUND, announced: { ...announced, knock } })
      .find(({ code }) => code === "announce-address");
  assert.equal(judge({ outcome: "answered", detail: "" })?.level, "ok");
  assert.match(
    judge({ outcome: "other", detail: "db-1" })?.text ?? "",
    /^swarm\.announce_address 10\.0\.0\.99:1531 .* another machine answers there \(db-1\)$/,
  );
});
