import assert from "node:assert/strict";
import { enrolMember, TestAuthority } from "../../../tests/e2e/swarm_fleet.ts";
import { eventually } from "../../../tests/support/eventually.ts";
import { findFreePort } from "../../../tests/support/free_port.ts";
import { FakePeerContent } from "./fake_peer_content.ts";
import { knock } from "./knock.ts";
import { PeerRoutes } from "./peer_routes.ts";
import { PeerServer } from "./peer_server.ts";

const ADDRESS = "127.0.0.1";

Deno.test("a knock tells the envoy that was meant from another one, a stranger, and nobody", async () => {
  const authority = await TestAuthority.create();
  const caller = await enrolMember(authority, "envoy-0");
  const callee = await enrolMember(authority, "envoy-1");
  const server = await PeerServer.start({
    identity: callee.identity,
    ca: authority.pem,
    address: ADDRESS,
    port: findFreePort(),
    isRevoked: () => false,
    onCaller: () => {},
    routes: new PeerRoutes(new FakePeerContent()),
  });
  // It takes connections and never speaks TLS.
  using mute = Deno.listen({ hostname: ADDRESS, port: 0 });
  const at = (port: number, uuid = callee.uuid, ca = authority.pem, timeoutMs = 60_000) =>
    knock({
      endpoint: { address: ADDRESS, port },
      uuid,
      identity: caller.identity,
      ca,
      timeoutMs,
      signal: new AbortController().signal,
    });
  try {
    assert.equal((await at(server.port)).outcome, "answered");
    assert.deepEqual(await at(server.port, caller.uuid), { outcome: "other", detail: "envoy-1" });
    const foreign = await TestAuthority.create("another fleet");
    assert.equal((await at(server.port, callee.uuid, foreign.pem)).outcome, "stranger");
    assert.equal((await at(findFreePort())).outcome, "refused");
    assert.ok(mute.addr.transport === "tcp");
    const { port } = mute.addr;
    const silent = await eventually("the connection is there before the time is up", async () => {
      const knocked = await at(port, callee.uuid, authority.pem, 200);
      return knocked.outcome !== "silent" && knocked;
    });
    assert.deepEqual(silent, {
      outcome: "stranger",
      detail: "it takes the connection and says nothing",
    });
  } finally {
    await server.stop();
  }
});
