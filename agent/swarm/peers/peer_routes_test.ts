import assert from "node:assert/strict";
import { join } from "node:path";
import { Readable } from "node:stream";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { FAKE_SHA, FakePeerContent } from "./fake_peer_content.ts";
import { MAX_PEER_JSON_BYTES } from "./peer_api.ts";
import type { PeerIdentity } from "./peer_identity.ts";
import { PeerRoutes } from "./peer_routes.ts";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";

const PEER: PeerIdentity = { uuid: "uuid", hostname: "db-1", fingerprint: "" };

/** A request whose body is `text`; reading it past its end fails, as for a client that sends nothing more. */
function request(text: string, declaredBytes = text.length): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.headers["content-length"] = String(declaredBytes);
  Readable.from([new TextEncoder().encode(text)]).on("data", (part) => message.push(part))
    .on("end", () => message.push(null));
  return message;
}

async function ask(
  content: FakePeerContent,
  method: string,
  path: string,
  message = request(""),
  peer = PEER,
) {
  const { kind, answer } = new PeerRoutes(content).route(method, path);
  return { kind, ...await answer(peer, message) };
}

Deno.test("a complaint about a chunk is looked into, in the lane that content cannot starve", async () => {
  const content = new FakePeerContent();
  const path = `/swarm/v1/blobs/${FAKE_SHA}/chunks/1/recheck`;
  const sound = await ask(content, "POST", path);
  assert.deepEqual([sound.kind, sound.status], ["control", 200]);
  content.verdict = "damaged";
  const { body } = await ask(content, "POST", path);
  assert.ok(body instanceof Uint8Array);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(body)), { sound: false });
  assert.deepEqual(content.rechecked, [1, 1]);
});

Deno.test("a complaint that cannot be looked into says why", async () => {
  const content = new FakePeerContent();
  const path = `/swarm/v1/blobs/${FAKE_SHA}/chunks/1/recheck`;
  for (const [verdict, status] of [["unknown", 404], ["revoked", 410], ["busy", 503]] as const) {
    content.verdict = verdict;
    assert.equal((await ask(content, "POST", path)).status, status);
  }
});

Deno.test("nothing but the paths of the swarm is answered", async () => {
  const content = new FakePeerContent();
  const paths = [
    ["GET", `/swarm/v1/blobs/${FAKE_SHA}/chunks/1/recheck`],
    ["POST", `/swarm/v1/blobs/${FAKE_SHA}/chunks/1`],
    ["GET", `/swarm/v1/blobs/${FAKE_SHA}/chunks/12345678`],
    ["GET", `/swarm/v1/blobs/${FAKE_SHA}/chunks/0/recheck/more`],
    ["GET", `/swarm/v1/blobs/${"A".repeat(64)}`],
    ["GET", "/swarm/v1/blobs/../../etc/passwd"],
    ["DELETE", `/swarm/v1/blobs/${FAKE_SHA}`],
    ["GET", "/"],
  ] as const;
  for (const [method, path] of paths) {
    assert.equal((await ask(content, method, path)).status, 404, `${method} ${path}`);
  }
  assert.deepEqual(content.rechecked, []);
});

Deno.test("whoever asks for a chunk tells what it holds", async () => {
  const content = new FakePeerContent();
  const message = request("");
  message.headers["x-chunks"] = "Ag==";
  await ask(content, "GET", `/swarm/v1/blobs/${FAKE_SHA}/chunks/1`, message);
  await ask(content, "GET", `/swarm/v1/blobs/${FAKE_SHA}/chunks/1`);
  assert.deepEqual(content.told, [
    { sha256: FAKE_SHA, uuid: PEER.uuid, bits: new Uint8Array([2]) },
  ]);
});

Deno.test("a chunk that is not held, or lies past the end, is not found", async () => {
  const content = new FakePeerContent();
  for (const chunk of [1, 2, 9_999_999]) {
    const { kind, status } = await ask(
      content,
      "GET",
      `/swarm/v1/blobs/${FAKE_SHA}/chunks/${chunk}`,
    );
    assert.deepEqual([kind, status], ["content", 404]);
  }
});

Deno.test("a seed's chunk is not given twice while others were given to nobody, and the refusal tells which were", async () => {
  const content = new FakePeerContent();
  const path = `/swarm/v1/blobs/${FAKE_SHA}/chunks/0`;
  const other = { ...PEER, uuid: "other" };
  const askAs = async (peer: PeerIdentity) => {
    const { status, headers } = await ask(content, "GET", path, request(""), peer);
    return [status, headers?.["x-given"]];
  };
  content.isSeed = true;
  assert.deepEqual(await askAs(PEER), [200, undefined], "who holds a part tells it not");
  // As if it had been far ahead, so that it has not had its time on the slowest machine either.
  content.given.note(0, PEER.uuid, performance.now() + 3_600_000);
  assert.deepEqual(await askAs(other), [503, "AQ=="]);
  assert.deepEqual(await askAs(PEER), [200, undefined], "who asks again may need it");
  content.given.note(1, other.uuid, 0);
  assert.deepEqual(await askAs(other), [200, undefined]);
  content.isSeed = false;
  assert.deepEqual(await askAs(other), [200, undefined]);
});

Deno.test("a push past its limits, onto a full disk, or of one who is not listened to is refused before it is read", async () => {
  const content = new FakePeerContent();
  const push = (message: IncomingMessage) => ask(content, "POST", "/swarm/v1/manifest", message);
  assert.equal((await push(request("{}", MAX_PEER_JSON_BYTES + 1))).status, 413);
  assert.equal((await push(request("{}", NaN))).status, 413);
  assert.equal((await push(request("{}{}", 2))).status, 413);
  assert.equal((await push(request("{"))).status, 400);
  assert.equal((await push(request('{"entries":[{}]}'))).status, 400);
  const entries = new Array(1001).fill({});
  assert.equal((await push(request(JSON.stringify({ entries })))).status, 400);
  content.room = false;
  assert.equal((await push(request('{"entries":[]}'))).status, 507);
  assert.equal(content.pushed, 0);
  content.room = true;
  content.deaf = true;
  assert.equal((await push(request('{"entries":[]}'))).status, 503);
  assert.equal(content.pushed, 0);
  content.deaf = false;
  assert.equal((await push(request('{"entries":[]}'))).status, 200);
  assert.equal(content.pushed, 1);
});

Deno.test("a caller is called back at the address of its connection alone, whatever it writes", async () => {
  const content = new FakePeerContent();
  const from = (port: string | undefined) => {
    const message = request("");
    Object.defineProperty(message.socket, "remoteAddress", { value: "::ffff:10.0.0.9" });
    if (port !== undefined) message.headers["x-vigo-port"] = port;
    message.headers.host = "10.0.0.1:22";
    message.headers["x-forwarded-for"] = "10.0.0.1";
    return message;
  };
  const path = "/swarm/v1/reach?address=10.0.0.1&port=22";
  const { kind, status } = await ask(content, "GET", path, from("1531"));
  assert.deepEqual([kind, status], ["control", 200]);
  assert.deepEqual(content.reached, ["10.0.0.9:1531"]);
  for (const port of [undefined, "0", "65536", "10.0.0.1:22", ""]) {
    assert.equal((await ask(content, "GET", path, from(port))).status, 400);
  }
  assert.equal((await ask(content, "POST", path, from("1531"))).status, 404);
  assert.equal((await ask(content, "GET", "/swarm/v1/reach/10.0.0.1", from("1531"))).status, 404);
  content.busy = true;
  assert.equal((await ask(content, "GET", path, from("1531"))).status, 503);
  assert.equal(content.reached.length, 1);
});

Deno.test("a file that ends within a chunk is looked at again, without anybody's complaint", async () => {
  await using root = await TemporaryRoot.create();
  const content = new FakePeerContent();
  content.path = join(root.path, "blob");
  await Deno.writeFile(content.path, new Uint8Array(100));
  const { body } = await ask(content, "GET", `/swarm/v1/blobs/${FAKE_SHA}/chunks/0`);
  assert.ok(body && "slices" in body);
  const { slices } = body;
  await assert.rejects(Array.fromAsync(slices), /ended early/);
  assert.deepEqual(content.rechecked, [0]);
});
