import assert from "node:assert/strict";
import { applyPatch } from "diff";
import fc from "fast-check";
import { diffContent, MAX_DIFFED_BYTES } from "./content_diff.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("a diff of two texts turns the one into the other", () => {
  const line = fc.constantFrom("", "a", "b", "port = 80", "é", "-minus", "+plus", "@@", "\\ No");
  const text = fc.tuple(fc.array(line, { maxLength: 30 }), fc.boolean()).map(([lines, ends]) =>
    lines.join("\n") + (ends ? "\n" : "")
  );
  fc.assert(fc.property(text, text, (before, after) => {
    fc.pre(before !== after);
    const patch = diffContent("/etc/x", encode(before), encode(after));
    assert.equal(applyPatch(before, patch), after);
  }));
});

Deno.test("a file that comes or goes is compared with nothing", () => {
  assert.match(
    diffContent("/x", undefined, encode("a\n")),
    /^--- \/dev\/null\n\+\+\+ \/x\n@@.*\n\+a$/,
  );
  assert.match(
    diffContent("/x", encode("a\n"), undefined),
    /^--- \/x\n\+\+\+ \/dev\/null\n@@.*\n-a$/,
  );
});

Deno.test("bytes, very long texts and texts without a line in common are summed up", () => {
  const summary = /^\/x: (absent|\d+ bytes, sha256 [0-9a-f]{16}) → \d+ bytes, sha256 [0-9a-f]{16}$/;
  assert.match(diffContent("/x", undefined, new Uint8Array([0])), summary);
  assert.match(diffContent("/x", undefined, new Uint8Array([0xff])), summary);
  assert.match(diffContent("/x", encode("a"), encode("b".repeat(MAX_DIFFED_BYTES + 1))), summary);
  const lines = (prefix: string) =>
    encode(Array.from({ length: 3000 }, (_, i) => `${prefix}${i}\n`).join(""));
  assert.match(diffContent("/x", lines("a"), lines("b")), summary);
});

Deno.test("a blank line of context at the end stays", () => {
  const patch = diffContent("/etc/x", encode("\n"), encode("-minus\n\n"));
  assert.equal(applyPatch("\n", patch), "-minus\n\n");
});
