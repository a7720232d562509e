import assert from "node:assert/strict";
import { hasOpenIpv6Link } from "./management_link.ts";

const HEAD = "  sl  local_address remote_address st tx_queue rx_queue tr tm->when\n";
const LOCAL = "0000000000000000FFFF00000100007F:9C40";
const SERVER = "B80D01200000000000000000000001000";

function table(remote: string, state = "01"): string {
  return `${HEAD}   0: ${LOCAL} ${remote} ${state} 00000000:00000000 00:00000000 00000000  0\n`;
}

for (
  const [title, text, expected] of [
    ["an open connection to the server", table("B80D0120000000000000000001000000:05FA"), true],
    ["one to its other port", table("B80D0120000000000000000001000000:20FB"), true],
    ["one to another port", table("B80D0120000000000000000001000000:01BB"), false],
    ["one that is closing", table("B80D0120000000000000000001000000:05FA", "06"), false],
    ["IPv4 in disguise", table("0000000000000000FFFF00000100007F:05FA"), false],
    ["loopback", table("00000000000000000000000001000000:05FA"), false],
    ["nothing", HEAD, false],
    ["something else", SERVER, false],
  ] as const
) {
  Deno.test(`${title} ${expected ? "needs" : "does not need"} IPv6`, () => {
    assert.equal(hasOpenIpv6Link(text, [1530, 8443]), expected);
  });
}
