import assert from "node:assert/strict";
import { isNear } from "./is_near.ts";

Deno.test("an address is near when the netmask puts it on the same network", () => {
  const own = { address: "10.0.1.2", netmask: "255.255.254.0" };
  assert.equal(isNear(own, "10.0.0.7"), true);
  assert.equal(isNear(own, "10.0.2.7"), false);
  assert.equal(isNear({ address: "200.1.1.1", netmask: "255.255.255.255" }, "200.1.1.1"), true);
});

Deno.test("what is no IPv4 address is near nobody", () => {
  const own = { address: "10.0.1.2", netmask: "255.255.255.0" };
  for (const other of ["fd00::1", "10.0.1", "10.0.1.256", "", "db-1"]) {
    assert.equal(isNear(own, other), false, other);
  }
  assert.equal(isNear({ address: "fd00::1", netmask: "ffff::" }, "10.0.1.2"), false);
});
