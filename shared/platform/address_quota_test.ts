import assert from "node:assert/strict";
import { AddressQuota } from "./address_quota.ts";

Deno.test("an address gets as much as its quota, and what it gives back again", () => {
  const quota = new AddressQuota(2);
  const first = quota.take("192.0.2.1");
  assert.ok(first && quota.take("192.0.2.1"));
  assert.equal(quota.take("192.0.2.1"), undefined);
  assert.ok(quota.take("192.0.2.2"), "another address has its own");
  first();
  first();
  assert.ok(quota.take("192.0.2.1"));
  assert.equal(quota.take("192.0.2.1"), undefined, "given back twice is given back once");
});

Deno.test("the addresses of one IPv6 network share a quota; mapped IPv4 addresses do not", () => {
  const shared = (one: string, other: string) => {
    const quota = new AddressQuota(1);
    quota.take(one);
    return quota.take(other) === undefined;
  };
  assert.equal(shared("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"), true);
  assert.equal(shared("2001:db8::1", "2001:db8:0:0:5::"), true);
  assert.equal(shared("2001:db8:1:2::1", "2001:db8:1:3::1"), false);
  assert.equal(shared("fe80::1%eth0", "fe80::2%eth0"), true);
  assert.equal(shared("::ffff:192.0.2.1", "::ffff:192.0.2.2"), false);
});
