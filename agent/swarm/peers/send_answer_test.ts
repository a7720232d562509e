import assert from "node:assert/strict";
import { once } from "node:events";
import http, { type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { RoutedAnswer } from "./peer_routes.ts";
import { sendAnswer } from "./send_answer.ts";

const NEVER_MS = 600_000;

/** What the other end has before it takes anything more: no connection buffers this much. */
const MUCH_BYTES = 64 * 1024 * 1024;

/** Has `answer` sent over a real connection, and gives both ends of it. */
async function exchange(
  answer: RoutedAnswer,
  stalledMs: number,
  look: (client: Socket, sent: Promise<void>, response: ServerResponse) => Promise<void>,
): Promise<void> {
  const { promise: asked, resolve } = Promise.withResolvers<ServerResponse>();
  const server = http.createServer((_request, response) => resolve(response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A TCP listener's address is an object.
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.on("error", () => {});
  try {
    client.write("GET / HTTP/1.1\r\nhost: peer\r\nconnection: close\r\n\r\n");
    const response = await asked;
    await look(client, sendAnswer(response, answer, stalledMs), response);
  } finally {
    client.destroy();
    server.closeAllConnections();
    server.close();
  }
}

async function* repeat(slice: Uint8Array, count: number): AsyncGenerator<Uint8Array> {
  for (let left = count; left > 0; left -= 1) yield slice;
}

Deno.test("slices arrive in their order with the length told before", async () => {
  const slices = async function* () {
    for (const text of ["one ", "two ", "three"]) yield new TextEncoder().encode(text);
  };
  const answer = {
    status: 200,
    headers: { "x-peers": "none" },
    body: { length: 13, slices: slices() },
  };
  await exchange(answer, NEVER_MS, async (client, sent) => {
    let text = "";
    for await (const part of client) text += part;
    await sent;
    assert.match(text, /^HTTP\/1\.1 200 [^]*content-length: 13\r\n[^]*\r\n\r\none two three$/i);
  });
});

Deno.test("who takes nothing of an answer is cut off, and the slices end", async () => {
  const slice = new Uint8Array(MUCH_BYTES / 16);
  let given = 0;
  const slices = async function* () {
    for await (const one of repeat(slice, 16)) yield (given += 1, one);
  };
  const answer = { status: 200, body: { length: MUCH_BYTES, slices: slices() } };
  await exchange(answer, 50, async (client, sent, response) => {
    client.pause();
    await sent;
    assert.equal(response.destroyed, true);
    assert.ok(given < 16, "nobody took the slices, yet all of them were read");
  });
});

Deno.test("who goes away ends the answer at once", async () => {
  const slice = new Uint8Array(MUCH_BYTES / 16);
  const answer = { status: 200, body: { length: MUCH_BYTES, slices: repeat(slice, 16) } };
  await exchange(answer, NEVER_MS, async (client, sent) => {
    await once(client, "data");
    client.destroy();
    await sent;
  });
});
