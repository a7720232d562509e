import assert from "node:assert/strict";
import { allocateLoopback } from "./loopback_addresses.ts";

Deno.test("on Linux every program has an address of its own and all share one port", () => {
  assert.deepEqual(allocateLoopback(2, 1531, "linux", 4), [
    { hostname: "127.1.5.2", port: 1531 },
    { hostname: "127.1.5.3", port: 1531 },
  ]);
});

Deno.test("test runs side by side do not meet, however many processes were started between them", () => {
  const hosts = Array.from({ length: 5000 }, (_, index) => {
    const [place] = allocateLoopback(1, 1531, "linux", 32_768 + 7 * index);
    return place?.hostname;
  });
  assert.equal(new Set(hosts).size, hosts.length);
});

Deno.test("on macOS all share one address and every program has a port of its own", () => {
  const [first, second] = allocateLoopback(2, 1531, "darwin");
  assert.equal(first?.hostname, "127.0.0.1");
  assert.equal(second?.hostname, "127.0.0.1");
  assert.notEqual(first?.port, second?.port);
});

Deno.test("more addresses than the third octet has are refused", () => {
  assert.throws(() => allocateLoopback(254, 1531, "linux"), /Cannot allocate 254 loopback/);
});
