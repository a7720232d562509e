import assert from "node:assert/strict";
import { MAX_GLOB_LENGTH, parseHostnameGlob } from "./hostname_glob.ts";

Deno.test("case is ignored on both sides, in names, globs and classes", () => {
  assert.equal(parseHostnameGlob("WEB-01").matches("web-01"), true);
  assert.equal(parseHostnameGlob("web-*").matches("WEB-01.Example.COM"), true);
  assert.equal(parseHostnameGlob("[A-C]*").matches("b1"), true);
});

Deno.test("a star crosses dots and matches a leading one", () => {
  assert.equal(parseHostnameGlob("*.web.*").matches("eu.1.web.example.com"), true);
  assert.equal(parseHostnameGlob("*").matches(".hidden"), true);
});

Deno.test("a plain name matches only itself", () => {
  assert.equal(parseHostnameGlob("web-1").matches("web-1"), true);
  assert.equal(parseHostnameGlob("web-1").matches("web-10"), false);
});

Deno.test("a glob of the longest accepted length is read, a longer one is refused", () => {
  assert.equal(parseHostnameGlob("a".repeat(MAX_GLOB_LENGTH)).matches("b"), false);
  assert.throws(
    () => parseHostnameGlob("a".repeat(MAX_GLOB_LENGTH + 1)),
    /256 characters, and the limit is 255/,
  );
});

Deno.test("empty, parenthesised and malformed patterns are refused with the remedy", () => {
  assert.throws(() => parseHostnameGlob(""), /it is empty/);
  assert.throws(
    () => parseHostnameGlob("web-(a|b)"),
    /"web-\(a\|b\)": parentheses .*one pattern for each/,
  );
  assert.throws(() => parseHostnameGlob("web-["), /"web-\[": "\[" is never closed\. Add "\]"/);
});
