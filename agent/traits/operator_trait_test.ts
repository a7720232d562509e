import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson } from "../../shared/canonical/canonical_json.ts";
import { parseOperatorTrait } from "./operator_trait.ts";

const reasonOf = (text: string) => {
  const parsed = parseOperatorTrait(text, 64 * 1024);
  return parsed.ok ? "" : parsed.reason;
};

Deno.test("one JSON value is taken, whatever stands around it in white space", () => {
  assert.deepEqual(parseOperatorTrait('\n{"raid": ["ok"], "n": 1}\n', 100), {
    ok: true,
    value: { raid: ["ok"], n: 1 },
  });
  assert.deepEqual(parseOperatorTrait("true", 100), { ok: true, value: true });
});

Deno.test("what is no trait is refused with the reason", () => {
  assert.match(reasonOf("raid ok"), /^no JSON/);
  assert.match(reasonOf(""), /^no JSON/);
  assert.match(reasonOf("null"), /^null/);
  assert.match(reasonOf(`"${"x".repeat(64 * 1024)}"`), /more than 65536 bytes/);
  assert.match(reasonOf("[".repeat(20_000) + "]".repeat(20_000)), /deeper than 16/);
  assert.match(reasonOf(`[${"1,".repeat(5_000)}1]`), /more than 5000 values/);
  assert.match(reasonOf('"\\ud800"'), /cannot travel/);
  assert.match(reasonOf('{"\\udc00": 1}'), /cannot travel/);
  assert.match(reasonOf("1e999"), /cannot travel/);
});

Deno.test("16 levels are deep enough to be taken and 17 are not", () => {
  const nested = (levels: number) => "[".repeat(levels - 1) + "1" + "]".repeat(levels - 1);
  assert.equal(reasonOf(nested(16)), "");
  assert.match(reasonOf(nested(17)), /deeper/);
});

Deno.test("whatever is taken can travel", () => {
  fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
    const parsed = parseOperatorTrait(text, 1000);
    if (parsed.ok) canonicalJson({ name: parsed.value });
  }));
});
