import assert from "node:assert/strict";
import fc from "fast-check";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { UNSIGNED_ENTRY } from "../../shared/swarm/manifest_entry_fixture.ts";
import type { FromEngine } from "./channel.ts";
import type { EngineMessage } from "./from_engine_schema.ts";
import { hearEngine } from "./hear_engine.ts";

const hash = sha256Hex("content");
const blob = {
  sha256: hash,
  status: "complete",
  chunksHave: 1,
  chunksTotal: 1,
  skipReason: "",
  sources: { "web-2": 1 },
  origin: false,
};

/** One message of every kind. */
const said: { readonly [K in FromEngine["kind"]]: Extract<FromEngine, { kind: K }> } = {
  ready: { kind: "ready", port: 1531, address: "10.0.0.2" },
  entries: {
    kind: "entries",
    entries: [{ ...UNSIGNED_ENTRY, signature: "b".repeat(128) }],
    digest: hash,
  },
  roster: { kind: "roster", since: "start" },
  progress: { kind: "progress", blobs: [blob], problems: [{ label: "x", reason: "unreadable" }] },
  sign: { kind: "sign", requestId: 1, entry: UNSIGNED_ENTRY },
  fleet: { kind: "fleet", signed: { payload: Uint8Array.of(1), signature: Uint8Array.of(2) } },
  log: { kind: "log", level: "info", message: "m", properties: { a: 1, b: { c: 2 }, d: ["e"] } },
  cleaned: { kind: "cleaned", requestId: 1, danglingLinks: 1, stalePartials: 2, errors: 0 },
  fetch: { kind: "fetch", requestId: 1, sha256: "ab".repeat(32), wanted: "digests", sizeBytes: 64 },
  examined: {
    kind: "examined",
    requestId: 1,
    rights: ["net"],
    hasher: { ok: false, reason: "not found" },
  },
  diagnosed: { kind: "diagnosed", requestId: 1, diagnosis: null },
  asked: {
    kind: "asked",
    requestId: 1,
    question: {
      service: "puddle_claim",
      peer: { uuid: "u", hostname: "web-2", fingerprint: hash },
      ownFingerprint: hash,
      path: "/puddle/v1/pair/claim",
      body: Uint8Array.of(1),
    },
  },
  peer_answered: {
    kind: "peer_answered",
    requestId: 1,
    reply: { ok: false, reason: "gone", status: 404 },
  },
  links: { kind: "links", requestId: 1, links: { files: { x: hash }, seeds: { [hash]: "y" } } },
  hasher: { kind: "hasher", wanted: true },
  fatal: { kind: "fatal", reason: "port in use" },
  stopped: { kind: "stopped" },
};

function hear(data: unknown): { heard: EngineMessage[]; broken: string[] } {
  const heard: EngineMessage[] = [], broken: string[] = [];
  hearEngine(data, {
    onMessage: (message) => heard.push(message),
    onBroken: (reason) => broken.push(reason),
  });
  return { heard, broken };
}

Deno.test("everything an honest engine says comes through as it was said", () => {
  for (const message of Object.values(said)) {
    assert.deepEqual(hear(message), { heard: [message], broken: [] }, message.kind);
  }
});

Deno.test("rubbish is told once and never thrown", () => {
  const kinds = Object.keys(said);
  const message = fc.oneof(
    fc.anything(),
    fc.record({ kind: fc.oneof(fc.constantFrom(...kinds), fc.string()) }, {
      noNullPrototype: true,
    }).chain((start) => fc.object().map((rest) => ({ ...rest, ...start }))),
  );
  fc.assert(fc.property(message, (data) => {
    const { heard, broken } = hear(data);
    assert.equal(heard.length + broken.length, 1);
  }));
});

Deno.test("a message without one of its fields, or with rubbish in it, is not heard", () => {
  for (const message of Object.values(said)) {
    for (const [field, value] of Object.entries(message)) {
      for (const rubbish of [undefined, null, Symbol, NaN, [1], -1]) {
        // A diagnosis may be null.
        if (rubbish === value) continue;
        const { heard, broken } = hear({ ...message, [field]: rubbish });
        assert.deepEqual([heard.length, broken.length], [0, 1], `${message.kind}.${field}`);
      }
    }
  }
});

Deno.test("lists, tables and documents past their limits are not heard", () => {
  const many = Array.from({ length: 100_001 }, (_, index) => index);
  const large = new Uint8Array(33 * 1024 * 1024);
  for (
    const message of [
      { ...said.progress, blobs: many.map(() => blob) },
      {
        ...said.links,
        links: { files: Object.fromEntries(many.map((n) => [n, hash])), seeds: {} },
      },
      { ...said.fleet, signed: { payload: large, signature: Uint8Array.of(2) } },
      { ...said.ready, address: "a".repeat(5_000) },
      { ...said.examined, rights: many.map(String) },
    ]
  ) {
    const { heard, broken } = hear(message);
    assert.deepEqual([heard.length, broken.length], [0, 1], message.kind);
  }
});

Deno.test("log lines are cut to what can be written, cycles and all", () => {
  const properties: Record<string, unknown> = { text: "x".repeat(100_000), huge: 10n };
  properties.self = properties;
  const { heard: [message] } = hear({ ...said.log, message: "m".repeat(100_000), properties });
  assert.ok(message?.kind === "log");
  assert.ok(JSON.stringify(message).length < 20_000);
});

Deno.test("a document does not change after its signature was checked", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(1));
  const { heard: [message] } = hear({
    kind: "fleet",
    signed: { payload: shared, signature: Uint8Array.of(2) },
  });
  shared[0] = 7;
  assert.ok(message?.kind === "fleet");
  assert.equal(message.signed.payload[0], 0);
});

Deno.test("a daemon that cannot deal with a message ends the engine and not itself", () => {
  const broken: string[] = [];
  hearEngine(said.stopped, {
    onMessage: () => {
      throw new Error("no room");
    },
    onBroken: (reason) => broken.push(reason),
  });
  assert.match(broken.join(), /no room/);
});
