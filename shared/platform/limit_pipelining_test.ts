import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type RequestListener } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { limitPipelining } from "./limit_pipelining.ts";

const REQUEST = "GET / HTTP/1.1\r\nhost: server\r\n\r\n";
const MAX = 4;

async function withServer(
  listener: RequestListener,
  look: (connectTo: () => Socket) => Promise<void>,
): Promise<void> {
  const server = http.createServer(limitPipelining(listener, MAX)).listen(0, "127.0.0.1");
  await once(server, "listening");
  // A TCP listener's address is an object.
  const { port } = server.address() as AddressInfo;
  const clients: Socket[] = [];
  try {
    await look(() => {
      const client = connect(port, "127.0.0.1");
      client.on("error", () => {});
      clients.push(client);
      return client;
    });
  } finally {
    for (const client of clients) client.destroy();
    server.closeAllConnections();
    server.close();
  }
}

/** Reads until so many answers have come. */
async function takeAnswers(client: Socket, count: number): Promise<void> {
  let text = "";
  while ((text.match(/HTTP\/1\.1 200/g) ?? []).length < count) {
    text += (await once(client, "data"))[0];
  }
}

Deno.test("a connection that asks without waiting for its answers is ended, and little of it is served", async () => {
  let served = 0;
  await withServer(
    (_request, response) => (served += 1, response.end("a".repeat(1000))),
    async (connectTo) => {
      const client = connectTo();
      client.write(REQUEST.repeat(5_000));
      client.resume();
      // Whether it is told of an end or of a reset is a matter of timing.
      await new Promise((resolve) => client.once("close", resolve));
      assert.ok(served <= 2 * MAX, `${served} requests were served`);
    },
  );
});

Deno.test("a connection that asks again and again when it has its answer goes on", async () => {
  await withServer((_request, response) => response.end("here"), async (connectTo) => {
    const client = connectTo();
    for (let asked = 0; asked < 10 * MAX; asked += 1) {
      client.write(REQUEST);
      await takeAnswers(client, 1);
    }
    assert.equal(client.destroyed, false);
  });
});

Deno.test("a few requests at once are answered, and one connection does not use up what another may have", async () => {
  await withServer((_request, response) => response.end("here"), async (connectTo) => {
    for (const client of [connectTo(), connectTo()]) {
      client.write(REQUEST.repeat(MAX));
      await takeAnswers(client, MAX);
    }
  });
});
