import assert from "node:assert/strict";
import fc from "fast-check";
import { generateEd25519 } from "../crypto/ed25519.ts";
import { HARD_MAX_BODY_BYTES, MAX_MESSAGE_JSON_BYTES } from "./limits.ts";
import { signedMessage } from "./log_fixture.ts";
import { messageLine } from "./message.ts";
import { topicNameProblem } from "./topic.ts";
import { createMessageVerifier, verifyMessage } from "./verify_message.ts";

const { signer } = generateEd25519();
const message = signedMessage(signer);

function reasonOf(input: Uint8Array | string | object): string {
  const verdict = verifyMessage(input);
  return verdict.ok ? "" : verdict.reason;
}

Deno.test("a message is checked as bytes, as text and parsed", () => {
  const text = messageLine(message);
  for (const input of [message, text, new TextEncoder().encode(text)]) {
    assert.equal(reasonOf(input), "");
  }
});

Deno.test("no bit of a message's file can flip unseen", () => {
  const bytes = new TextEncoder().encode(messageLine(message));
  const verify = createMessageVerifier();
  const honest = verify(bytes);
  assert.ok(honest.ok);
  const { id } = honest.verified;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const altered = bytes.slice();
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const verdict = verify(altered, { id });
    // White space between JSON's parts and the case of an escape are no part of the message.
    if (verdict.ok) assert.deepEqual(verdict.verified.message, message);
  }
});

Deno.test("the id and topic that were asked for must be the message's", () => {
  const other = "a".repeat(64);
  assert.match(JSON.stringify(verifyMessage(message, { id: other })), /not aaaaaaaaaaaa/);
  assert.match(JSON.stringify(verifyMessage(message, { topicId: other })), /not aaaaaaaaaaaa/);
});

Deno.test("a member more, less or of another type makes it no message", () => {
  assert.match(reasonOf({ ...message, extra: 1 }), /Unrecognized key/);
  assert.match(reasonOf({ ...message, body: undefined }), /"body"/);
  assert.match(reasonOf({ ...message, seq: "1" }), /"seq"/);
  assert.match(reasonOf({ ...message, seq: 1.5 }), /"seq"/);
  assert.match(reasonOf({ ...message, schema_version: 2 }), /"schema_version"/);
  assert.match(reasonOf({ ...message, founder_pubkey: "A".repeat(64) }), /"founder_pubkey"/);
  assert.match(reasonOf({ ...message, body: "\ud800" }), /"body": not well-formed/);
});

Deno.test("the first message alone has no previous one", () => {
  assert.match(reasonOf(signedMessage(signer, { seq: 2 })), /no previous one/);
  const prev = "1".repeat(64) as typeof message.prev;
  assert.match(reasonOf(signedMessage(signer, { prev })), /no previous one/);
});

Deno.test("a body is limited by its bytes, at the limit and one past it", () => {
  const atLimit = "é".repeat(HARD_MAX_BODY_BYTES / 2);
  assert.equal(reasonOf(signedMessage(signer, { body: atLimit })), "");
  assert.match(reasonOf(signedMessage(signer, { body: `${atLimit}x` })), /"body"/);
});

Deno.test("the largest body fits into a message's file in its longest form", () => {
  const largest = signedMessage(signer, {
    body: "\u0001".repeat(HARD_MAX_BODY_BYTES),
    topic_name: "x".repeat(64),
  });
  const bytes = new TextEncoder().encode(messageLine(largest));
  assert.ok(bytes.length <= MAX_MESSAGE_JSON_BYTES, `${bytes.length}`);
  assert.equal(reasonOf(bytes), "");
  assert.match(reasonOf(new Uint8Array(MAX_MESSAGE_JSON_BYTES + 1)), /more than/);
});

Deno.test("a key under which anything seems signed has signed nothing", () => {
  const small = `01${"0".repeat(62)}` as typeof message.author_pubkey;
  assert.match(reasonOf(signedMessage(signer, { author_pubkey: small })), /not one that can sign/);
});

Deno.test("whatever comes, a verifier answers", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    assert.equal(verifyMessage(bytes).ok, false);
  }));
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assert.equal(verifyMessage(JSON.stringify(value)).ok, false);
  }));
});

Deno.test("topic names have 1 to 64 plain characters and do not look like an id", () => {
  for (const name of ["a", "Build_tasks-2.0", "x".repeat(64), "..", "0".repeat(63)]) {
    assert.equal(topicNameProblem(name), undefined, name);
  }
  for (const name of ["", "a b", "é", "a/b", "x".repeat(65), "a\n", "ab".repeat(32)]) {
    assert.ok(topicNameProblem(name), name);
  }
});
