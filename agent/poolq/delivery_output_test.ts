import assert from "node:assert/strict";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { signedMessage } from "../../shared/poolq/log_fixture.ts";
import { verifyMessage } from "../../shared/poolq/verify_message.ts";
import { type MessageFormat, MessageOutput } from "./delivery_output.ts";

const { signer } = generateEd25519();
const HOSTILE = "a\u001b[2Jb\u202ec\r\nd\u0085";

function render(format: MessageFormat, bodies: readonly string[], isTerminal = false): string {
  const output = new MessageOutput(format, isTerminal);
  const verified = bodies.map((body) => {
    const verdict = verifyMessage(signedMessage(signer, { body }));
    assert.ok(verdict.ok);
    return verdict.verified;
  });
  return verified.map((one) => output.render([one])).join("") + output.end();
}

Deno.test("for people a message is one line that nothing in it can act from", () => {
  const text = render("text", [HOSTILE]);
  assert.match(text, /^seq=1 posted_at=2026-05-28T20:26:40.000Z msg_id=[0-9a-f]{12} body=a/);
  assert.equal(text.indexOf("\n"), text.length - 1);
  assert.doesNotMatch(text.slice(0, -1), /[\p{Cc}\p{Cf}]/u);
});

Deno.test("JSON carries every character, and none of them acts in a terminal", () => {
  for (const format of ["json", "document"] as const) {
    const text = render(format, [HOSTILE, "🚀\u2028"]);
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Zl}]/u);
    const messages = format === "json"
      ? text.trim().split("\n").map((line) => JSON.parse(line))
      : JSON.parse(text);
    assert.deepEqual(messages.map(({ body }: { body: string }) => body), [HOSTILE, "🚀\u2028"]);
    for (const message of messages) assert.ok(verifyMessage(message).ok);
  }
});

Deno.test("a document without messages is an empty list", () => {
  assert.deepEqual(JSON.parse(render("document", [])), []);
  assert.equal(render("json", []), "");
});

Deno.test("bodies stand as they are, each on lines of its own, but for a terminal", () => {
  assert.equal(render("body", ["one", "two\n", ""]), "one\ntwo\n\n");
  assert.equal(render("body", [HOSTILE]), `${HOSTILE}\n`);
  assert.equal(render("body", [HOSTILE], true), "a\\u{1b}[2Jb\\u{202e}c\nd\\u{85}\n");
});
