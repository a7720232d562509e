import assert from "node:assert/strict";
import { readSwarmState } from "../../agent/swarm/mirror.ts";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { eventually } from "../support/eventually.ts";
import { findFreePort } from "../support/free_port.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { TestEnvoy } from "./swarm_envoy.ts";
import { enrolMember, TestAuthority } from "./swarm_fleet.ts";

Deno.test("an engine whose port is taken says so in its state file, with its gates open", async () => {
  await using root = await TemporaryRoot.create();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const authority = await TestAuthority.create();
  const member = await enrolMember(authority, "web-1");
  await using envoy = new TestEnvoy({
    fleet: {
      authority,
      server: generateEd25519().signer,
      members: [member],
      seeders: [],
      discoveryPort: findFreePort(),
    },
    member,
    folder: root.path,
    address: "127.0.0.1",
    port: (taken.addr as Deno.NetAddr).port,
  });
  envoy.start();
  const state = await eventually("the state file tells the problem", async () => {
    const mirror = await readSwarmState(root.path);
    return mirror.ok && mirror.value.problem !== undefined && mirror.value;
  }, 60_000);
  assert.match(state.problem ?? "", /EADDRINUSE|in use/);
  assert.equal(state.gates.enabled, true);
  assert.equal(state.listening, undefined);
});
