import assert from "node:assert/strict";
import { sha256 } from "../../shared/crypto/sha256.ts";
import {
  EnvoyTraits,
  MAX_MERGED_VOLATILE_BYTES,
  MAX_VOLATILE_COLLECTORS,
  MAX_VOLATILE_TRAITS_BYTES,
} from "./envoy_traits.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("volatile traits replace what they name, null takes away, the rest stays", () => {
  const traits = new EnvoyTraits("", "");
  traits.mergeVolatile(bytes('{"loadavg":{"one":1},"memory":{"free":5}}'));
  const touched = traits.mergeVolatile(bytes('{"loadavg":{"five":2},"memory":null}'));
  assert.deepEqual(touched, ["loadavg", "memory"]);
  assert.deepEqual(traits.merged(), { loadavg: { five: 2 } });
});

Deno.test("stable traits are known by their digest, and survive as text", () => {
  const text = '{"memory":{"total":9},"os":{"distro":"debian"}}';
  const traits = new EnvoyTraits("", '{"memory":{"free":5}}');
  assert.equal(traits.hasStable(sha256(text)), false);
  traits.setStable(bytes(text), sha256(text));
  assert.equal(traits.hasStable(sha256(text)), true);
  assert.deepEqual(traits.merged(), { memory: { total: 9, free: 5 }, os: { distro: "debian" } });
  const reloaded = new EnvoyTraits(traits.stableText, traits.volatileText);
  assert.equal(reloaded.hasStable(sha256(text)), true);
  assert.deepEqual(reloaded.merged(), traits.merged());
});

Deno.test("an envoy without stable traits is known to have sent them", () => {
  const traits = new EnvoyTraits("", "");
  assert.equal(traits.hasStable(sha256("{}")), false);
  traits.setStable(bytes("{}"), sha256("{}"));
  assert.equal(traits.hasStable(sha256("{}")), true);
});

Deno.test("traits of another digest, shape or size are refused and change nothing", () => {
  const traits = new EnvoyTraits('{"os":1}', "");
  assert.throws(() => traits.setStable(bytes("{}"), sha256("x")), /do not have the digest/);
  for (const text of ["[]", "1", "null", "{"]) {
    assert.throws(() => traits.setStable(bytes(text), sha256(text)), SyntaxError);
    assert.throws(() => traits.mergeVolatile(bytes(text)), SyntaxError);
  }
  const large = bytes(`{"a":"${"x".repeat(MAX_VOLATILE_TRAITS_BYTES)}"}`);
  assert.throws(() => traits.mergeVolatile(large), RangeError);
  assert.deepEqual(traits.merged(), { os: 1 });
});

Deno.test("a collector named like a member of every object is only a name", () => {
  const traits = new EnvoyTraits("", "");
  traits.mergeVolatile(bytes('{"__proto__":{"polluted":true}}'));
  assert.equal(Reflect.get({}, "polluted"), undefined);
});

Deno.test("collectors that are named one after the other are refused past the limit, and may be taken away", () => {
  const traits = new EnvoyTraits("", "");
  for (let index = 0; index < MAX_VOLATILE_COLLECTORS; index++) {
    traits.mergeVolatile(bytes(`{"k${index}":1}`));
  }
  const before = traits.volatileText;
  assert.throws(() => traits.mergeVolatile(bytes('{"one more":1}')), /65 collectors/);
  assert.equal(traits.volatileText, before);
  traits.mergeVolatile(bytes('{"k0":null,"another":1}'));
  assert.equal(Object.keys(traits.merged()).length, MAX_VOLATILE_COLLECTORS);
});

Deno.test("volatile traits that grow over many check-ins are refused past the limit", () => {
  const traits = new EnvoyTraits("", "");
  const large = "x".repeat(15_000);
  const grow = () => {
    for (let index = 0; index < 6; index++) traits.mergeVolatile(bytes(`{"k${index}":"${large}"}`));
  };
  assert.throws(grow, /bytes once merged, more than 65536/);
  assert.ok(traits.volatileText.length <= MAX_MERGED_VOLATILE_BYTES);
  traits.mergeVolatile(bytes('{"k0":"small"}'));
  assert.equal(traits.merged()["k0"], "small");
});

Deno.test("traits nested deeper than any reader follows are refused, brackets in texts aside", () => {
  const traits = new EnvoyTraits("", "");
  const nested = (depth: number) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  traits.setStable(bytes(nested(63)), sha256(nested(63)));
  traits.mergeVolatile(bytes(nested(63)));
  for (const text of [nested(64), nested(400_000)]) {
    assert.throws(() => traits.setStable(bytes(text), sha256(text)), /nested deeper than 64/);
  }
  assert.throws(() => traits.mergeVolatile(bytes(nested(64))), /nested deeper than 64/);
  const brackets = JSON.stringify({ a: `"\\${"[".repeat(100)}` });
  traits.mergeVolatile(bytes(brackets));
  assert.equal(traits.volatileText, brackets);
});

Deno.test("a number too large to be read is refused, and one that was stored before reads as null", () => {
  for (const number of ["1e400", "-1E+0400", "9".repeat(310), `${"9".repeat(290)}e99`]) {
    const text = `{"memory":{"total":${number}}}`;
    const traits = new EnvoyTraits("", "");
    assert.throws(
      () => traits.setStable(bytes(text), sha256(text)),
      /"total" is a number too large/,
    );
    assert.throws(() => traits.mergeVolatile(bytes(text)), /"total" is a number too large/);
    assert.deepEqual(new EnvoyTraits(text, "").merged(), { memory: { total: null } });
    assert.deepEqual(new EnvoyTraits("", text).merged(), { memory: { total: null } });
  }
  const fine = '{"a":1e308,"b":"1e400"}';
  const traits = new EnvoyTraits("", "");
  traits.setStable(bytes(fine), sha256(fine));
  assert.deepEqual(traits.merged(), { a: 1e308, b: "1e400" });
});
