import assert from "node:assert/strict";
import fc from "fast-check";
import picomatch from "picomatch";
import { parseGlob } from "./glob.ts";

// From the table of path/filepath/match_test.go in the Go distribution.
const GO_MATCHES: readonly [pattern: string, text: string, matches: boolean | "malformed"][] = [
  ["abc", "abc", true],
  ["*", "abc", true],
  ["*c", "abc", true],
  ["a*", "a", true],
  ["a*", "abc", true],
  ["a*", "ab/c", false],
  ["a*/b", "abc/b", true],
  ["a*/b", "a/c/b", false],
  ["a*b*c*d*e*/f", "axbxcxdxe/f", true],
  ["a*b*c*d*e*/f", "axbxcxdxexxx/f", true],
  ["a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false],
  ["a*b*c*d*e*/f", "axbxcxdxexxx/fff", false],
  ["a*b?c*x", "abxbbxdbxebxczzx", true],
  ["a*b?c*x", "abxbbxdbxebxczzy", false],
  ["ab[c]", "abc", true],
  ["ab[b-d]", "abc", true],
  ["ab[e-g]", "abc", false],
  ["ab[^c]", "abc", false],
  ["ab[^b-d]", "abc", false],
  ["ab[^e-g]", "abc", true],
  ["a\\*b", "a*b", true],
  ["a\\*b", "ab", false],
  ["a?b", "a☺b", true],
  ["a[^a]b", "a☺b", true],
  ["a???b", "a☺b", false],
  ["a[^a][^a][^a]b", "a☺b", false],
  ["[a-ζ]*", "α", true],
  ["*[a-ζ]", "A", false],
  ["a?b", "a/b", false],
  ["a*b", "a/b", false],
  ["[\\]a]", "]", true],
  ["[\\-]", "-", true],
  ["[x\\-]", "x", true],
  ["[x\\-]", "-", true],
  ["[x\\-]", "z", false],
  ["[\\-x]", "x", true],
  ["[\\-x]", "a", false],
  ["[]a]", "]", "malformed"],
  ["[-]", "-", "malformed"],
  ["[x-]", "x", "malformed"],
  ["[x-]", "z", "malformed"],
  ["[-x]", "x", "malformed"],
  ["\\", "a", "malformed"],
  ["[a-b-c]", "a", "malformed"],
  ["[", "a", "malformed"],
  ["[^", "a", "malformed"],
  ["[^bc", "a", "malformed"],
  ["a[", "a", "malformed"],
  ["a[", "ab", "malformed"],
  ["a[", "x", "malformed"],
  ["a/b[", "x", "malformed"],
  ["*x", "xxx", true],
];

Deno.test("patterns match what Go's filepath.Match matches, and the same ones are malformed", () => {
  for (const [pattern, text, expected] of GO_MATCHES) {
    if (expected === "malformed") {
      assert.throws(() => parseGlob(pattern), SyntaxError, pattern);
    } else {
      assert.equal(parseGlob(pattern).matches(text), expected, `${pattern} against ${text}`);
    }
  }
});

Deno.test("braces, parentheses and exclamation marks are ordinary characters", () => {
  for (const text of ["a{b,c}", "+(a)", "!a", "a|b"]) {
    assert.equal(parseGlob(text).matches(text), true);
    assert.equal(parseGlob(text).matches("a"), false);
  }
});

Deno.test("a pattern full of stars is decided in bounded work", () => {
  const glob = parseGlob(`${"*a".repeat(120)}b`);
  assert.equal(glob.matches("a".repeat(2000)), false);
});

Deno.test("picomatch agrees on everything a hostname can hold", () => {
  // A name of at least two labels that neither begins nor ends in a dot: picomatch treats "." and ".." as folders.
  const hostname = fc.stringMatching(/^[ab1-]{1,4}\.[ab1-]{1,4}$/);
  const pattern = fc.stringMatching(
    /^[ab1?.-]{0,3}\*?[ab1?.]{1,3}(\[\^?(a-b|[ab1])\])?[ab1.-]{0,3}$/,
  );
  fc.assert(fc.property(pattern, hostname, (source, name) => {
    const oracle = picomatch(source, {
      dot: true,
      nobrace: true,
      noextglob: true,
      noglobstar: true,
      nonegate: true,
    });
    assert.equal(parseGlob(source).matches(name), oracle(name));
  }));
});

Deno.test("a name with every special character escaped matches itself and nothing else", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (name, other) => {
    const glob = parseGlob(name.replaceAll(/[*?[\]\\-]/g, "\\$&"));
    assert.equal(glob.matches(name), true);
    assert.equal(glob.matches(other), other === name);
  }));
});

Deno.test("outside text gives a glob or a SyntaxError, never anything else", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary-ascii" }),
      fc.string({ unit: "binary-ascii" }),
      (source, text) => {
        try {
          parseGlob(source).matches(text);
        } catch (error) {
          assert.ok(error instanceof SyntaxError);
        }
      },
    ),
  );
});
