/**
 * A second implementation of the wire format, written from docs/poolq.md alone: it imports nothing of this folder to make or
 * judge bytes. Both must agree on the committed vectors and on whatever else is generated here.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import poolq from "../canonical/vectors/poolq.json" with { type: "json" };
import poolqWriter from "../canonical/vectors/poolq_writer.json" with { type: "json" };
import { generateEd25519 } from "../crypto/ed25519.ts";
import { PuddleChain } from "../puddle/puddle_chain.ts";
import { type Appointment, appointmentBytes, proveAppointment } from "./appointment.ts";
import { type Message, messageBytes, messageId } from "./message.ts";
import { topicId } from "./topic.ts";
import { verifyMessage } from "./verify_message.ts";

type Plain = Record<string, string | number>;

type Kinds = readonly (readonly [name: string, kind: "u64" | "text" | "hex"])[];

const MESSAGE: Kinds = [
  ["schema_version", "u64"],
  ["topic_name", "text"],
  ["founder_pubkey", "hex"],
  ["author_pubkey", "hex"],
  ["seq", "u64"],
  ["posted_at_ms", "u64"],
  ["prev", "hex"],
  ["body", "text"],
];
const APPOINTMENT: Kinds = [
  ["topic_id", "hex"],
  ["author_pubkey", "hex"],
  ["writer", "text"],
  ["after_seq", "u64"],
  ["turn", "u64"],
];

function secondBytes(
  plain: Plain,
  tag = "vigo.poolq.msg.v1",
  kinds = MESSAGE,
): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [...new TextEncoder().encode(tag), 0];
  for (const [name, kind] of kinds) {
    const value = String(plain[name]);
    const hex = kind === "u64" ? BigInt(value).toString(16).padStart(16, "0") : value;
    const field = kind === "text"
      ? [...new TextEncoder().encode(value)]
      : (hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
    for (const shift of [24, 16, 8, 0]) bytes.push((field.length >>> shift) & 255);
    bytes.push(...field);
  }
  return Uint8Array.from(bytes);
}

async function secondDigest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function secondVerify(plain: Plain, bytes = secondBytes(plain)): Promise<boolean> {
  const raw = (name: string) =>
    Uint8Array.from(String(plain[name]).match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const key = await crypto.subtle.importKey("raw", raw("author_pubkey"), "Ed25519", false, [
    "verify",
  ]);
  return crypto.subtle.verify("Ed25519", key, raw("signature"), bytes);
}

async function secondTopicId(message: Plain): Promise<string> {
  const key = String(message["founder_pubkey"]).match(/../g) ?? [];
  return await secondDigest(Uint8Array.from([
    ...key.map((pair) => parseInt(pair, 16)),
    ...new TextEncoder().encode(String(message["topic_name"])),
  ]));
}

for (const vector of poolq.vectors) {
  Deno.test(`both implementations make the committed bytes, ids and verdict of: ${vector.name}`, async () => {
    // The schema of the vectors' own test says the same; here the members are only read.
    const message = vector.message as Message;
    assert.equal(secondBytes(message).toHex(), vector.frame);
    assert.equal(messageBytes(message).toHex(), vector.frame);
    assert.equal(await secondDigest(secondBytes(message)), vector.sha256);
    assert.equal(messageId(message), vector.sha256);
    assert.equal(await secondTopicId(message), vector.topicId);
    assert.equal(topicId(message.founder_pubkey, message.topic_name), vector.topicId);
    assert.equal(message.signature, vector.signature);
    assert.equal(await secondVerify(message), true);
    const verdict = verifyMessage(message, { id: vector.sha256, topicId: vector.topicId });
    assert.ok(verdict.ok);
  });
}

for (const vector of poolqWriter.vectors) {
  Deno.test(`both implementations make the committed bytes and verdict of: ${vector.name}`, async () => {
    // As above.
    const appointment = vector.appointment as Appointment;
    const bytes = secondBytes(appointment, "vigo.poolq.writer.v1", APPOINTMENT);
    assert.equal(bytes.toHex(), vector.frame);
    assert.equal(appointmentBytes(appointment).toHex(), vector.frame);
    assert.equal(await secondVerify(appointment, bytes), true);
    const topic = {
      topicId: appointment.topic_id,
      founder: appointment.author_pubkey,
      authors: new PuddleChain([]),
    };
    assert.deepEqual(proveAppointment(appointment, topic)?.appointment, appointment);
    for (const name of ["writer", "after_seq", "turn"] as const) {
      const other = { ...appointment, [name]: name === "writer" ? "other" : 3 };
      const otherBytes = secondBytes(other, "vigo.poolq.writer.v1", APPOINTMENT);
      assert.equal(await secondVerify(other, otherBytes), false);
      assert.equal(proveAppointment(other, topic), undefined);
    }
  });
}

const { signer } = generateEd25519();
const name = fc.string({
  unit: fc.constantFrom(..."abcXYZ019-_."),
  minLength: 1,
  maxLength: 64,
}).filter((text) => !/^[0-9a-f]{64}$/.test(text));
const anyMessage = fc.record({
  topic_name: name,
  seq: fc.integer({ min: 2, max: Number.MAX_SAFE_INTEGER }),
  posted_at_ms: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  prev: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex())
    .filter((hex) => !/^0+$/.test(hex)),
  body: fc.string({ unit: "binary", maxLength: 300 }).filter((text) => text.isWellFormed()),
});

Deno.test("both implementations agree on any message, and on any one byte of it that is changed", async () => {
  const property = fc.asyncProperty(anyMessage, fc.nat(), async (fields, place) => {
    const key = signer.publicKey.toHex();
    const unsigned = { schema_version: 1, ...fields, founder_pubkey: key, author_pubkey: key };
    const signature = signer.sign(secondBytes(unsigned)).toHex();
    const message = { ...unsigned, signature };
    const verdict = verifyMessage(JSON.stringify(message));
    assert.ok(verdict.ok, verdict.ok ? "" : verdict.reason);
    assert.equal(verdict.verified.id, await secondDigest(secondBytes(message)));
    assert.equal(verdict.verified.topicId, await secondTopicId(message));
    assert.ok(await secondVerify(message));

    const text = new TextEncoder().encode(JSON.stringify(message));
    const at = place % text.length;
    text[at] = (text[at] ?? 0) ^ 1;
    const altered = verifyMessage(text);
    // JSON has more than one text for one value: what still verifies must be the same message.
    if (altered.ok) assert.equal(altered.verified.id, verdict.verified.id);
  });
  await fc.assert(property, { numRuns: 200 });
});
