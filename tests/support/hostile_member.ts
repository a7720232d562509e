/**
 * A machine of the fleet that has fallen into wrong hands: it has a good certificate, and does what it likes. It attacks the
 * peer server of another machine, and serves lies about blobs at its own. Prints a line for everything that comes of it.
 *
 * usage: deno run -A hostile_member.ts JSON (see {@linkcode HostilePlan})
 */
import { join } from "node:path";
import https from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, type TLSSocket } from "node:tls";
import {
  probeHandshake,
  type TlsIdentity,
} from "../../shared/platform/client_certificate_probe.ts";

/** What a blob is lied about. */
export type Lie =
  /** That it is here whole; no chunk of it is. */
  | "absent"
  /** Chunks that never end. */
  | "endless"
  /** Chunks that stop in the middle. */
  | "stalled"
  /** An answer about the blob that never ends. */
  | "flood"
  /** Chunks of other bytes. */
  | "wrong";

export interface HostilePlan {
  /** Where this machine's certificate lies. */
  readonly folder: string;
  /** Address of this machine. */
  readonly own: string;
  /** Address of the machine that is attacked. */
  readonly victim: string;
  /** A certificate of another fleet. */
  readonly stranger: TlsIdentity;
  readonly lies: Readonly<Record<string, Lie>>;
  /** Bodies of pushes to the manifest, by what is wrong with them, in this order. */
  readonly pushes: Readonly<Record<string, string>>;
  /** Request target of a chunk that the victim holds. */
  readonly wanted: string;
  /** Request targets that lead nowhere. */
  readonly targets: readonly string[];
  /** Datagrams, base64. */
  readonly datagrams: readonly string[];
}

const PORT = 1531;
const GROUP = "224.0.0.42";
const MIB = 1024 * 1024;
const LIED_CHUNKS = 32;
const PART = new Uint8Array(64 * 1024);
/** More than the head of a question may have. */
const LONG_HEAD_BYTES = 64 * 1024;
const CALL_PAUSE_MS = 1000;
/** Connections that ask for content at once. */
const GRABBED = 20;

const plan: HostilePlan = JSON.parse(Deno.args[0] ?? "");
const ca = await Deno.readTextFile(join(plan.folder, "ca.pem"));
/** Certificate and key in one. */
const pem = await Deno.readTextFile(join(plan.folder, "client.pem"));
const victim = { hostname: plan.victim, port: PORT, ca };

await lie();
await grab();
await callWithWrongCertificates();
for (const target of plan.targets) console.log(`target ${target}: ${await ask(`GET ${target}`)}`);
for (const [name, body] of Object.entries(plan.pushes)) {
  console.log(`push ${name}: ${await ask("POST /swarm/v1/manifest", body)}`);
}
// Declared and never sent: it is to be refused before.
console.log(`push oversized: ${await ask("POST /swarm/v1/manifest", "", 9 * MIB)}`);
console.log(`long head: ${await ask(`GET /?${"x".repeat(LONG_HEAD_BYTES)}`)}`);
drip();
await shout();
console.log("attacked");
let verdict = "";
for (;;) {
  // Who calls is called back: so the victim comes to know this machine as a peer.
  const now = await ask("GET /swarm/v1/fleet");
  if (now !== verdict) console.log(`member: ${now}`);
  verdict = now;
  await new Promise((resolve) => setTimeout(resolve, CALL_PAUSE_MS));
}

async function callWithWrongCertificates(): Promise<void> {
  console.log(`no certificate: ${await probeHandshake(victim)}`);
  const { stranger } = plan;
  console.log(`foreign certificate: ${await probeHandshake({ ...victim, identity: stranger })}`);
}

function dial(): TLSSocket {
  const checkServerIdentity = () => undefined;
  const socket = connect({
    host: plan.victim,
    port: PORT,
    ca,
    cert: pem,
    key: pem,
    checkServerIdentity,
  });
  socket.on("error", () => {});
  return socket;
}

/** Asks; the status of the answer is `cut off` if there is none. */
function begin(line: string, body = "", sizeBytes = new TextEncoder().encode(body).length) {
  const socket = dial();
  socket.write(
    `${line} HTTP/1.1\r\nhost: peer\r\nx-vigo-port: ${PORT}\r\ncontent-length: ${sizeBytes}\r\n\r\n${body}`,
  );
  const status = new Promise<string>((resolve) => {
    socket.once("data", (bytes) => resolve(bytes.toString("latin1").slice(9, 12)));
    socket.once("close", () => resolve("cut off"));
  });
  return { socket, status };
}

function ask(...question: Parameters<typeof begin>): Promise<string> {
  const { socket, status } = begin(...question);
  return status.finally(() => socket.destroy());
}

/** Asks for the same chunk on many connections, and takes what comes no faster than the network lets it. */
async function grab(): Promise<void> {
  const asked = Array.from({ length: GRABBED }, () => begin(`GET ${plan.wanted}`));
  const statuses = await Promise.all(asked.map(({ status }) => status));
  const served = statuses.filter((status) => status === "200").length;
  const refused = statuses.filter((status) => status === "503").length;
  console.log(`grabbed ${served} of ${GRABBED} places, was refused ${refused}`);
  for (const { socket } of asked) socket.destroy();
}

/** Sends the head of a question letter by letter and never comes to its end. */
function drip(): void {
  const socket = dial();
  socket.write("GET /swarm/v1/fleet HTTP/1.1\r\nx-slow: ");
  const timer = setInterval(() => socket.write("x"), CALL_PAUSE_MS);
  socket.once("close", () => {
    clearInterval(timer);
    console.log("dripping: cut off");
  });
  socket.resume();
}

async function shout(): Promise<void> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: plan.own, port: 0 });
  for (const text of plan.datagrams) {
    const to = { transport: "udp", hostname: GROUP, port: PORT } as const;
    await socket.send(Uint8Array.fromBase64(text), to);
  }
  socket.close();
}

/** Serves what the plan says to whoever is of the fleet. */
function lie(): Promise<void> {
  const options = { cert: pem, key: pem, ca, requestCert: true, rejectUnauthorized: true };
  const server = https.createServer(options, (request, response) => {
    response.once("error", () => {});
    answer(request, response);
  });
  return new Promise((resolve) => server.listen(PORT, plan.own, resolve));
}

function answer({ url = "" }: IncomingMessage, response: ServerResponse): void {
  const [, sha256 = "", chunk] = /^\/swarm\/v1\/blobs\/([0-9a-f]{64})(\/chunks\/)?/.exec(url) ?? [];
  const kind = plan.lies[sha256];
  if (url.startsWith("/swarm/v1/manifest")) {
    return sendJson(response, {
      instance: "0123456789abcdef",
      next: 0,
      more: false,
      fleetSerial: 0,
      entries: [],
    });
  }
  if (kind === undefined) return void response.writeHead(404, { "content-length": 0 }).end();
  if (chunk !== undefined) return sendChunk(response, kind);
  if (kind === "flood") return sendWithoutEnd(response, kind);
  const chunks = new Uint8Array(LIED_CHUNKS / 8).fill(0xff).toBase64();
  const digests = new Uint8Array(64 * LIED_CHUNKS).toBase64();
  sendJson(response, { sizeBytes: LIED_CHUNKS * MIB, chunkSizeBytes: MIB, chunks, digests });
}

function sendChunk(response: ServerResponse, kind: Lie): void {
  console.log(`asked for a chunk: ${kind}`);
  switch (kind) {
    case "wrong":
      return void response.writeHead(200, { "content-length": MIB }).end(new Uint8Array(MIB));
    case "stalled":
      response.writeHead(200, { "content-length": MIB });
      return void response.write(new Uint8Array(MIB / 2));
    case "endless":
      return sendWithoutEnd(response, kind);
    default:
      response.writeHead(404, { "content-length": 0 }).end();
  }
}

function sendWithoutEnd(response: ServerResponse, kind: Lie): void {
  response.writeHead(200, { "content-length": 2 ** 40 });
  response.once("close", () => console.log(`cut off: ${kind}`));
  const go = () => {
    while (!response.destroyed && response.write(PART));
    response.once("drain", go);
  };
  go();
}

function sendJson(response: ServerResponse, value: unknown): void {
  const body = new TextEncoder().encode(JSON.stringify(value));
  response.writeHead(200, { "content-length": body.length }).end(body);
}
