import assert from "node:assert/strict";
import { BlockList } from "node:net";
import fc from "fast-check";
import { mergePorts, withoutContained } from "./intervals.ts";

Deno.test("a network that lies in another one is left out, and one of two equal ones", () => {
  assert.deepEqual(
    withoutContained(["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1", "192.0.2.1", "192.0.2.0/32"]),
    ["10.0.0.0/8", "192.0.2.1", "192.0.2.0/32"],
  );
  assert.deepEqual(
    withoutContained(["2001:db8::1", "2001:db8::/32", "::/0", "::ffff:192.0.2.1"]),
    ["::/0"],
  );
  assert.deepEqual(withoutContained(["10.9.9.9/8", "10.0.0.0/8"]), ["10.9.9.9/8"]);
});

Deno.test("ports that overlap or touch become one range", () => {
  assert.deepEqual(mergePorts(["443", "80-90", "85", "91", "8000-8010"]), [
    "80-91",
    "443",
    "8000-8010",
  ]);
});

Deno.test("what is left matches the same addresses", () => {
  const network = fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 }));
  fc.assert(fc.property(fc.array(network, { minLength: 1 }), fc.ipV4(), (networks, address) => {
    const texts = networks.map(([ip, bits]) => `${ip}/${bits}`);
    const matches = (list: readonly string[]) => {
      const block = new BlockList();
      for (const one of list) {
        const [ip = "", bits] = one.split("/");
        block.addSubnet(ip, Number(bits));
      }
      return block.check(address);
    };
    assert.equal(matches(withoutContained(texts)), matches(texts));
  }));
});
