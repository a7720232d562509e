import assert from "node:assert/strict";
import { Readable } from "node:stream";
import type { IncomingMessage } from "node:http";
import { MAX_RELAYED_QUESTION_BYTES } from "../relay.ts";
import { FakePeerContent } from "./fake_peer_content.ts";
import { PeerRoutes } from "./peer_routes.ts";

const peer = { uuid: crypto.randomUUID(), hostname: "web-2", fingerprint: "a".repeat(64) };

function ask(content: FakePeerContent, method: string, body: Uint8Array, declared = body.length) {
  const headers = { "content-length": String(declared) };
  // What the routes read of a request is its method, its headers and its body.
  const request = Object.assign(Readable.from([body]), { method, headers }) as IncomingMessage;
  return new PeerRoutes(content).route(method, "/puddle/v1/pair/claim").answer(peer, request);
}

Deno.test("a claim goes to the daemon with who asks, and the daemon's answer goes back", async () => {
  const content = new FakePeerContent();
  content.reply = { status: 200, body: new TextEncoder().encode('{"a":1}') };
  const answer = await ask(content, "POST", new TextEncoder().encode("claim"));
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, content.reply.body);
  const [question] = content.relayed;
  assert.deepEqual(question?.peer, peer);
  assert.equal(question?.path, "/puddle/v1/pair/claim");
  assert.equal(new TextDecoder().decode(question?.body), "claim");
});

Deno.test("a claim that is too large, or longer than declared, never reaches the daemon", async () => {
  const content = new FakePeerContent();
  const large = new Uint8Array(MAX_RELAYED_QUESTION_BYTES + 1);
  assert.equal((await ask(content, "POST", large)).status, 413);
  assert.equal((await ask(content, "POST", large, 10)).status, 413);
  assert.equal((await ask(content, "POST", large, NaN)).status, 413);
  assert.deepEqual(content.relayed, []);
});

Deno.test("a claim is made by POST alone", async () => {
  const content = new FakePeerContent();
  assert.equal((await ask(content, "GET", new Uint8Array())).status, 404);
  assert.deepEqual(content.relayed, []);
});

Deno.test("a daemon that cannot answer now has the peer come again", async () => {
  const content = new FakePeerContent();
  content.reply = { status: 503, body: new Uint8Array() };
  const answer = await ask(content, "POST", new Uint8Array(1));
  assert.equal(answer.status, 503);
  assert.ok(Number(answer.headers?.["retry-after"]) > 0);
});
