/**
 * Opens three connections to a peer server as a member of the fleet: one that says nothing, one that asks once and then
 * rests, and one that fetches a path. Prints how each ends, in that order of time.
 *
 * usage: deno run -A call_peer_server.ts ADDRESS PORT FOLDER PATH (FOLDER holds the member's certificate)
 */
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";

const [address = "", port = "", folder = "", path = ""] = Deno.args;
const ca = await Deno.readTextFile(join(folder, "ca.pem"));
/** Certificate and key in one. */
const pem = await Deno.readTextFile(join(folder, "client.pem"));

function dial(): TLSSocket {
  // Who a peer is says its certificate's identity, not its address.
  const checkServerIdentity = () => undefined;
  return connect({
    host: address,
    port: Number(port),
    ca,
    cert: pem,
    key: pem,
    checkServerIdentity,
  });
}

function ask(target: string): string {
  return `GET ${target} HTTP/1.1\r\nhost: peer\r\n\r\n`;
}

const silent = dial();
silent.resume();
silent.once("close", () => console.log("silent closed"));

const resting = dial();
resting.once("data", () => console.log("resting answered"));
resting.once("close", () => console.log("resting closed"));
resting.write(ask("/swarm/v1/fleet"));

const busy = dial();
let received = 0;
let wanted = Infinity;
busy.on("data", (bytes) => {
  received += bytes.length;
  const head = bytes.toString("latin1").match(/content-length: (\d+)[^]*?\r\n\r\n/i);
  if (wanted === Infinity && head) wanted = Number(head[1]) + (head.index ?? 0) + head[0].length;
  if (received < wanted) return;
  console.log("busy complete");
  busy.destroy();
});
busy.once("close", () => console.log("busy closed"));
busy.write(ask(path));
