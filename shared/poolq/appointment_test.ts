import assert from "node:assert/strict";
import { generateEd25519 } from "../crypto/ed25519.ts";
import { delegate } from "../puddle/puddle_fixture.ts";
import { PuddleChain } from "../puddle/puddle_chain.ts";
import {
  appointmentSchema,
  isLaterAppointment,
  latestAppointment,
  MAX_APPOINTMENT_JSON_BYTES,
  nextAppointment,
  parseAppointment,
  proveAppointment,
} from "./appointment.ts";
import { signedAppointment, signedLog } from "./log_fixture.ts";
import { messageId } from "./message.ts";
import { topicId } from "./topic.ts";

const [old, next] = [generateKey(), generateKey()];
const id = topicId(old.key, "build-tasks");
const log = signedLog(old.signer, 5);
const fifth = log[4];
const heads = fifth ? [{ topicId: id, seq: 5, msgId: messageId(fifth) }] : [];
const topic = { topicId: id, founder: old.key, authors: new PuddleChain([]) };
/** After the old key was retired at seq 5. */
const retired = { ...topic, authors: new PuddleChain([delegate(old, next, heads)]) };
const by = (key: typeof old, writer: string, after_seq: number, turn: number) =>
  signedAppointment(key.signer, writer, { topic_id: id, after_seq, turn });

function generateKey() {
  const { signer } = generateEd25519();
  return { signer, key: signer.publicKey.toHex() };
}

Deno.test("only who writes a topic appoints the envoy that it is written from", () => {
  const own = by(old, "web-1", 3, 2);
  assert.deepEqual(proveAppointment(own, topic)?.appointment, own);
  const stranger = generateEd25519().signer;
  assert.equal(
    proveAppointment(signedAppointment(stranger, "web-1", { topic_id: id }), topic),
    undefined,
  );
  assert.equal(
    proveAppointment({ ...own, author_pubkey: stranger.publicKey.toHex() }, topic),
    undefined,
  );
  assert.equal(proveAppointment(own, { ...topic, topicId: "a".repeat(64) }), undefined);
});

Deno.test("no value of an appointment can be changed, left out or added", () => {
  const own = by(old, "web-1", 3, 2);
  for (
    const other of [
      { ...own, writer: "web-2" },
      { ...own, after_seq: 4 },
      { ...own, turn: 3 },
      { ...own, writer: undefined },
      { ...own, writer: "web 1" },
      { ...own, more: 1 },
      "text",
      null,
    ]
  ) assert.equal(proveAppointment(other, topic), undefined);
});

Deno.test("the largest appointment fits into its limit", () => {
  const largest = by(old, "w".repeat(253), Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER);
  assert.ok(appointmentSchema.safeParse(largest).success);
  const json = new TextEncoder().encode(JSON.stringify(largest));
  assert.ok(json.length <= MAX_APPOINTMENT_JSON_BYTES, `${json.length}`);
  assert.deepEqual(parseAppointment(json), largest);
});

Deno.test("an appointment after a later message, or at a later turn, takes the place of another", () => {
  const order = [by(old, "a", 0, 1), by(old, "b", 3, 1), by(old, "a", 3, 2), by(old, "b", 5, 1)];
  for (const [index, one] of order.entries()) {
    for (const [at, other] of order.entries()) {
      const proven = [proveAppointment(one, topic), proveAppointment(other, topic)] as const;
      assert.ok(proven[0]);
      assert.equal(isLaterAppointment(proven[0], proven[1]), index > at, `${index} ${at}`);
    }
  }
  assert.deepEqual(latestAppointment([order[2], order[3], order[0], "damaged"], topic), order[3]);
  assert.equal(latestAppointment([], topic), undefined);
});

Deno.test("a key that was retired appoints nobody after its last message, nor against the new key", () => {
  assert.equal(proveAppointment(by(old, "thief", 6, 9), retired), undefined);
  assert.equal(proveAppointment(by(next, "web-1", 3, 9), retired), undefined);
  const stolen = by(old, "thief", 5, Number.MAX_SAFE_INTEGER);
  assert.ok(proveAppointment(stolen, retired), "what was said at the last message still holds");
  const mended = by(next, "web-1", 5, 1);
  assert.deepEqual(latestAppointment([stolen, mended], retired), mended);
  assert.deepEqual(latestAppointment([mended, stolen], retired), mended);
});

Deno.test("what is signed next is later than all that is known", () => {
  const before = by(old, "web-1", 3, 7);
  const made = (headSeq: number, known?: typeof before) => {
    const { after_seq, turn } = nextAppointment({
      topicId: id,
      author: old.key,
      writer: "web-2",
      headSeq,
      before: known,
    });
    return [after_seq, turn];
  };
  assert.deepEqual(made(0), [0, 1]);
  assert.deepEqual(made(3, before), [3, 8]);
  assert.deepEqual(made(5, before), [5, 1]);
  assert.deepEqual(made(2, before), [3, 8]);
});

Deno.test("bytes that are no appointment are read as none", () => {
  for (const text of ["", "{", "null", "[]", " ".repeat(MAX_APPOINTMENT_JSON_BYTES + 1)]) {
    assert.equal(parseAppointment(new TextEncoder().encode(text)), undefined);
  }
  assert.equal(parseAppointment(Uint8Array.of(0xff, 0xfe)), undefined);
});
