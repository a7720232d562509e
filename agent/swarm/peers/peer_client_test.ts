import assert from "node:assert/strict";
import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { enrolMember, TestAuthority } from "../../../tests/e2e/swarm_fleet.ts";
import { findFreePort } from "../../../tests/support/free_port.ts";
import { singleRoom } from "./chunk_room.ts";
import { FAKE_SHA, FakePeerContent } from "./fake_peer_content.ts";
import { PeerClient } from "./peer_client.ts";
import { GivenBeforeError } from "./peer_error.ts";
import { PeerRoutes } from "./peer_routes.ts";
import { PeerServer } from "./peer_server.ts";

const ADDRESS = "127.0.0.1";

Deno.test("a chunk that a seeder spares is refused with word of what it has given", async () => {
  const authority = await TestAuthority.create();
  const seeder = await enrolMember(authority, "envoy-0");
  const receiver = await enrolMember(authority, "envoy-1");
  const content = new FakePeerContent();
  content.isSeed = true;
  // Far ahead, so that it has not had its time on the slowest machine either.
  content.given.note(0, "another", performance.now() + 3_600_000);
  const server = await PeerServer.start({
    identity: seeder.identity,
    ca: authority.pem,
    address: ADDRESS,
    port: findFreePort(),
    isRevoked: () => false,
    onCaller: () => {},
    routes: new PeerRoutes(content),
  });
  const client = new PeerClient({
    identity: receiver.identity,
    ca: authority.pem,
    isRevoked: () => false,
    onPeer: () => {},
    onExchange: () => {},
    ownPort: () => 1531,
    localAddress: () => undefined,
  });
  try {
    const endpoint = { address: ADDRESS, port: server.port };
    const asked = { sha256: FAKE_SHA, chunk: 0, held: new Bitmap(2) };
    const { signal } = new AbortController();
    await assert.rejects(
      client.getChunk(endpoint, asked, singleRoom(65_536), signal),
      (error) => error instanceof GivenBeforeError && error.given[0] === 1,
    );
  } finally {
    client.close();
    await server.stop();
  }
});
