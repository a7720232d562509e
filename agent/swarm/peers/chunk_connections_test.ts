import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { enrolMember, TestAuthority, type TestMember } from "../../../tests/e2e/swarm_fleet.ts";
import { ChunkConnections } from "./chunk_connections.ts";
import { singleRoom } from "./chunk_room.ts";
import { clientTls } from "./client_tls.ts";
import { PeerError } from "./peer_error.ts";

const CHUNK = Uint8Array.of(1, 2, 3, 4);

/** Asks a real TLS server that answers with `answer`, and counts the connections that this needs. */
class Exchange implements AsyncDisposable {
  readonly into = singleRoom(CHUNK.length);
  readonly revoked = new Set<string>();
  connected = 0;
  #chunks: ChunkConnections;

  private constructor(
    private readonly server: https.Server,
    readonly caller: TestMember,
    readonly host: TestMember,
    authority: TestAuthority,
  ) {
    server.on("secureConnection", () => this.connected += 1);
    const isRevoked = ({ uuid }: { uuid: string }) => this.revoked.has(uuid);
    const { identity } = caller;
    const tls = clientTls({ identity, ca: authority.pem, isRevoked });
    this.#chunks = new ChunkConnections({ tls, isRevoked });
  }

  static async open(answer: RequestListener, trusted?: TestAuthority): Promise<Exchange> {
    const authority = await TestAuthority.create();
    const [caller, host] = [await enrolMember(authority, "a"), await enrolMember(authority, "b")];
    const server = https.createServer({
      cert: host.identity.certificate,
      key: host.identity.privateKey,
      ca: authority.pem,
      requestCert: true,
    }, answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Exchange(server, caller, host, trusted ?? authority);
  }

  ask(signal = new AbortController().signal, into = this.into) {
    // A TCP listener's address is an object.
    const { port } = this.server.address() as AddressInfo;
    return this.#chunks.ask({
      endpoint: { address: "127.0.0.1", port },
      path: "/chunk",
      headers: { "x-vigo-port": "7" },
      localAddress: undefined,
      into,
      signal,
    });
  }

  /** Ends every connection that carries nothing. */
  endIdle(): void {
    this.server.closeIdleConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#chunks.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const give: RequestListener = (_request, response) => {
  response.writeHead(200, { "content-length": CHUNK.length });
  response.end(CHUNK);
};

Deno.test("chunks of one peer share a connection, which tells whose it is", async () => {
  await using exchange = await Exchange.open(give);
  for (let time = 0; time < 3; time += 1) {
    exchange.into.open().fill(0);
    const { status, peer } = await exchange.ask();
    assert.equal(status, 200);
    assert.equal(peer.uuid, exchange.host.uuid);
    assert.deepEqual(exchange.into.open(), CHUNK);
  }
  assert.equal(exchange.connected, 1);
});

Deno.test("two connections carry the chunks of one peer, and further questions wait", async () => {
  await using exchange = await Exchange.open(give);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => exchange.ask(undefined, singleRoom(4))),
  );
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal(exchange.connected, 2);
});

Deno.test("a connection that the peer has closed meanwhile is replaced", async () => {
  await using exchange = await Exchange.open(give);
  await exchange.ask();
  exchange.endIdle();
  assert.equal((await exchange.ask()).status, 200);
  assert.equal(exchange.connected, 2);
});

Deno.test("a refusal says what the peer said, and the connection goes on", async () => {
  await using exchange = await Exchange.open((_request, response) => {
    response.writeHead(503, { "retry-after": "1", "content-length": 0 });
    response.end();
  });
  for (let time = 0; time < 2; time += 1) {
    const { status, headers } = await exchange.ask();
    assert.deepEqual([status, headers.get("retry-after")], [503, "1"]);
  }
  assert.equal(exchange.connected, 1);
});

Deno.test("an answer that breaks off is a failure of the peer", async () => {
  await using exchange = await Exchange.open((request, response) => {
    response.writeHead(200, { "content-length": CHUNK.length });
    response.write(CHUNK.subarray(0, 2), () => request.socket.destroy());
  });
  await assert.rejects(exchange.ask(), PeerError);
});

Deno.test("who is called off writes nothing any more, and makes room for the next", async () => {
  const asked = Promise.withResolvers<void>();
  let isOpen = false;
  await using exchange = await Exchange.open((request, response) => {
    if (isOpen) give(request, response);
    else asked.resolve();
  });
  const stop = new AbortController();
  const held = Array.from({ length: 9 }, () => exchange.ask(stop.signal, singleRoom(4)));
  await asked.promise;
  isOpen = true;
  stop.abort();
  for (const { status } of await Promise.allSettled(held)) assert.equal(status, "rejected");
  assert.equal((await exchange.ask()).status, 200);
});

Deno.test("nothing is asked of a peer that is expelled while its connection stands", async () => {
  await using exchange = await Exchange.open(give);
  await exchange.ask();
  exchange.revoked.add(exchange.host.uuid);
  await assert.rejects(exchange.ask(), /is revoked/);
  await assert.rejects(exchange.ask(), /is revoked/);
});

Deno.test("a peer of another fleet is not asked", async () => {
  await using exchange = await Exchange.open(give, await TestAuthority.create());
  await assert.rejects(exchange.ask(), PeerError);
});
