import assert from "node:assert/strict";
import { envoyDocument, fleetDocument } from "../../../shared/config/document_fixture.ts";
import type { EngineFacts } from "./engine_facts.ts";
import { type SessionFacts, shutState } from "./swarm_state.ts";
import { swarmStateSchema } from "../mirror.ts";

const FACTS: Pick<EngineFacts, "start" | "fleet" | "envoy" | "lastCheckInMs"> = {
  start: {
    kind: "start",
    folder: "/swarm",
    envoyUuid: "uuid",
    hostname: "db-1",
    author: "",
    serverKey: "",
    identity: { certificate: "", privateKey: "" },
    ca: "",
    minFreePercent: 10,
  },
  fleet: fleetDocument(),
  envoy: envoyDocument(),
  lastCheckInMs: 5,
};

const LAST: SessionFacts = {
  port: 1531,
  multicast: { state: "running", interfaces: ["10.0.0.1"] },
  manifest: { digest: "d", version: 7, active: 1, revoked: 0 },
  quietReason: undefined,
  peerCount: 3,
  blobs: [{
    sha256: "a".repeat(64),
    label: "app.tar",
    sizeBytes: 1,
    target: "*",
    origin: "db-1",
    status: "complete",
    chunksHave: 1,
    chunksTotal: 1,
    skipReason: "",
    sources: {},
    isSeed: true,
    retentionSecs: 0,
    activeDownloadMs: 0,
    holders: [],
  }],
  problems: [],
};

Deno.test("a swarm that was ended listens nowhere, and keeps the gates that the server resolved", () => {
  const state = shutState({ ...FACTS, instance: "i", nowMs: 9 }, { last: LAST });
  assert.deepEqual(swarmStateSchema.parse(state), state);
  assert.equal(state.gates.enabled, true);
  assert.equal(state.listening, undefined);
  assert.equal(state.multicast.state, "off");
  assert.equal(state.peerCount, 0);
  assert.deepEqual(state.blobs.map(({ label }) => label), ["app.tar"]);
});

Deno.test("a swarm whose gate is shut and that never ran is shown shut and empty", () => {
  const envoy = envoyDocument();
  const shut = { ...envoy, swarm: { ...envoy.swarm, enabled: false } };
  const state = shutState({ ...FACTS, envoy: shut, instance: "i", nowMs: 9 });
  assert.equal(state.gates.enabled, false);
  assert.deepEqual([state.blobs, state.manifest.active], [[], 0]);
});

Deno.test("a swarm that cannot start is shown with open gates and the reason", () => {
  const state = shutState({ ...FACTS, instance: "i", nowMs: 9 }, {
    problem: "port 1531 is in use",
  });
  assert.deepEqual(swarmStateSchema.parse(state), state);
  assert.deepEqual([state.gates.enabled, state.problem], [true, "port 1531 is in use"]);
  assert.equal(state.listening, undefined);
});
