import assert from "node:assert/strict";
import { SecretMask } from "./secret_mask.ts";

const KEY = "-----BEGIN KEY-----\nc2VjcmV0LWJ5dGVz\nbW9yZS1ieXRlcw==\n-----END KEY-----";

function mask(real: Record<string, string>, masked: Record<string, string> | undefined) {
  const secretPlaces = Object.keys(real).map((name) => [name]);
  // As a source of secrets does: each secret as a whole.
  return new SecretMask({ real, masked, secretPlaces }, (text) => text.replaceAll(KEY, "«secret»"));
}

Deno.test("no line of a secret with several lines is shown in a diff", () => {
  const redactor = mask({ content: KEY }, { content: "«secret»" });
  const text = [
    "--- /dev/null",
    "+++ /etc/key.pem",
    "@@ -0,0 +1,4 @@",
    ...KEY.split("\n").map((line) => `+${line}`),
  ].join("\n");
  assert.doesNotMatch(redactor.diff(text), /c2Vj|bW9y/);
  assert.match(redactor.diff(text), /^--- \/dev\/null\n\+\+\+ \/etc\/key.pem\n@@/);
});

Deno.test("a removed line is shown only if it stands in the new text too", () => {
  const redactor = mask({ content: "a=1\nb=hunter22" }, { content: "a=1\nb=«secret»" });
  const text = "--- /c\n+++ /c\n@@ -1,2 +1,2 @@\n-b=earlier\n-a=1\n+a=1\n+b=hunter22";
  assert.equal(
    redactor.diff(text),
    "--- /c\n+++ /c\n@@ -1,2 +1,2 @@\n-«secret»\n-a=1\n+a=1\n+b=«secret»",
  );
});

Deno.test("where a secret comes, what was there before is hidden; other lines stay", () => {
  const redactor = mask({ value: "hunter22" }, { value: "«secret»" });
  assert.equal(
    redactor.diff(
      "db.password: earlier → hunter22\nurl: http://a:old@b → http://a:hunter22@b\nkey: absent → hunter22\nkey: → hunter22\nmode 0644 → 0600",
    ),
    "db.password: «secret» changed\nurl: … → http://a:«secret»@b\nkey: absent → «secret»\nkey: → «secret»\nmode 0644 → 0600",
  );
});

Deno.test("no hash of a content with a secret is shown: a short secret could be guessed from it", () => {
  const redactor = mask({ content: "hunter22" }, { content: "«secret»" });
  assert.equal(
    redactor.diff("/c: 9 bytes, sha256 0123456789abcdef → 8 bytes, sha256 fedcba9876543210"),
    "/c: 9 bytes → 8 bytes",
  );
});

Deno.test("without a masked rendering everything that was rendered is hidden", () => {
  const redactor = mask({ content: "user=app\npass=hunter22" }, undefined);
  assert.equal(redactor.text("bad line: pass=hunter22"), "bad line: «secret»=«secret»");
});
