import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_GATE_PATTERNS, parseGateList } from "./gate_list.ts";

const hostname = fc.stringMatching(/^[ab1.-]{1,6}$/);
const pattern = fc.stringMatching(/^-?[ab1*?.]{1,5}$/);
const patterns = fc.array(pattern, { maxLength: 6 });

Deno.test("the first matching pattern decides, even when a later one disagrees", () => {
  const gate = parseGateList(["-db-*", "db-1", "*"]);
  assert.equal(gate.allows("db-1"), false);
  assert.equal(gate.decidedBy("db-1"), "-db-*");
  assert.equal(gate.allows("WEB-1"), true);
});

Deno.test("a hostname that nothing matches is denied", () => {
  const gate = parseGateList(["web-*"]);
  assert.equal(gate.allows("db-1"), false);
  assert.equal(gate.decidedBy("db-1"), undefined);
});

Deno.test("true allows everyone; false and the empty list nobody", () => {
  fc.assert(fc.property(hostname, (host) => {
    assert.equal(parseGateList(true).allows(host), true);
    assert.equal(parseGateList(false).allows(host), false);
    assert.equal(parseGateList([]).allows(host), false);
  }));
});

Deno.test("a malformed pattern is named with its position and what is wrong with it", () => {
  assert.throws(
    () => parseGateList(["*", "-"]),
    /pattern 2 of gate list, "-": it is empty\. Write/,
  );
  assert.throws(
    () => parseGateList(["web-["]),
    /pattern 1 of gate list, "web-\[": .*never closed/,
  );
});

Deno.test("a list over the limit is refused", () => {
  const full = Array.from({ length: MAX_GATE_PATTERNS }, () => "a");
  assert.equal(parseGateList(full).allows("a"), true);
  assert.throws(() => parseGateList([...full, "a"]), /1001 patterns: the limit is 1000/);
});

Deno.test("rules after one that matches everything never matter", () => {
  fc.assert(fc.property(patterns, patterns, hostname, (before, after, host) => {
    const gate = parseGateList([...before, "*"]);
    assert.equal(parseGateList([...before, "*", ...after]).allows(host), gate.allows(host));
  }));
});

Deno.test("the head of a list decides when it matches, else the rest does", () => {
  fc.assert(fc.property(pattern, patterns, hostname, (head, rest, host) => {
    const alone = parseGateList([head]);
    const expected = alone.decidedBy(host) === undefined
      ? parseGateList(rest).allows(host)
      : !head.startsWith("-");
    assert.equal(parseGateList([head, ...rest]).allows(host), expected);
  }));
});

Deno.test("turning every sign around turns the verdict around wherever some pattern matches", () => {
  fc.assert(fc.property(patterns, hostname, (list, host) => {
    const turned = list.map((entry) => entry.startsWith("-") ? entry.slice(1) : `-${entry}`);
    const gate = parseGateList(list);
    if (gate.decidedBy(host) === undefined) return;
    assert.equal(parseGateList(turned).allows(host), !gate.allows(host));
  }));
});

Deno.test("the patterns of a gate parse into the same gate", () => {
  fc.assert(fc.property(patterns, hostname, (list, host) => {
    const gate = parseGateList(list);
    const again = parseGateList(gate.patterns);
    assert.deepEqual(again.patterns, gate.patterns);
    assert.equal(again.allows(host), gate.allows(host));
  }));
});
