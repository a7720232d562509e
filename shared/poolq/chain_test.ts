import assert from "node:assert/strict";
import { generateEd25519 } from "../crypto/ed25519.ts";
import { ChainReader, type ChainStart, type ChainVerdict, describeVerdict } from "./chain.ts";
import { nextMessage, signedLog, signedMessage } from "./log_fixture.ts";
import { type Message, messageId } from "./message.ts";
import { topicId } from "./topic.ts";

const { signer } = generateEd25519();
const founder = signer.publicKey.toHex();
const topic = topicId(founder, "build-tasks");
const founderAlone = {
  judge: ({ author }: { author: string }) =>
    author === founder ? { ok: true as const } : { ok: false as const, reason: "a stranger" },
};

function read(entries: readonly (Message | string)[], changes: Partial<ChainStart> = {}): string[] {
  const last = entries.findLast((entry) => typeof entry === "object");
  const start = { topicId: topic, authors: founderAlone, from: 1, firstSeq: 1, ...changes };
  const reader = new ChainReader(start);
  const verdicts = [
    ...reader.opening(),
    ...entries.flatMap((entry) => reader.take(entry)),
    ...reader.end(last?.seq ?? 0),
  ];
  return verdicts.map(label);
}

function label(verdict: ChainVerdict): string {
  return verdict.kind === "message"
    ? `message ${verdict.verified.message.seq}`
    : describeVerdict(verdict) ?? "";
}

Deno.test("an unbroken log is shown as it was written", () => {
  assert.deepEqual(read(signedLog(signer, 3)), ["message 1", "message 2", "message 3"]);
});

Deno.test("a log goes on from where its reader was, and only from there", () => {
  const log = signedLog(signer, 3);
  const [first, second] = log.map(messageId);
  assert.ok(first && second);
  const known = { from: 3, previous: { seq: 2, id: second } };
  assert.deepEqual(read(log.slice(2), known), ["message 3"]);
  const other = { from: 3, previous: { seq: 2, id: first } };
  assert.deepEqual(read(log.slice(2), other), [
    `equivocation by ${founder} at seq 2: ${first.slice(0, 12)} and ${second.slice(0, 12)}`,
  ]);
});

Deno.test("what is no longer kept is a notice, and the first kept message an anchor", () => {
  assert.deepEqual(
    read(signedLog(signer, 18).slice(16), { firstSeq: 17 }),
    ["seq 1–16 aged out", "message 17", "message 18"],
  );
});

Deno.test("a gap among what is kept is named", () => {
  const log = signedLog(signer, 18);
  assert.deepEqual(read(log.toSpliced(16, 1), { from: 16, firstSeq: 1 }).slice(-2), [
    "seq 17 missing",
    "message 18",
  ]);
  assert.deepEqual(read(log.slice(4, 5), { firstSeq: 2 }), [
    "seq 1 aged out",
    "seq 2–4 missing",
    "message 5",
  ]);
});

Deno.test("messages that were announced and did not come are missing", () => {
  const reader = new ChainReader({ topicId: topic, authors: founderAlone, from: 1, firstSeq: 1 });
  for (const message of signedLog(signer, 2)) reader.take(message);
  assert.deepEqual(reader.end(4).map(label), ["message 2", "seq 3–4 missing"]);
});

Deno.test("a changed byte is refused, and what follows can still be read", () => {
  const log = signedLog(signer, 3);
  const altered = { ...signedMessage(signer), ...log[1], body: "bodY 2" };
  const [first, , third] = log;
  assert.ok(first && third);
  assert.deepEqual(read([first, altered, third]), [
    "message 1",
    "seq 2 refused: its signature is not the author's",
    "message 3",
  ]);
  assert.deepEqual(read(["{", first, third]), [
    "seq 1 refused: it is not JSON in UTF-8",
    "message 1",
    "seq 2 missing",
    "message 3",
  ]);
});

Deno.test("two messages in one place are equivocation: neither is shown, nor anything after them", () => {
  const log = signedLog(signer, 3);
  const [first, second, third] = log;
  assert.ok(first && second && third);
  const fork = nextMessage(signer, first, { body: "another second" });
  const shown = read([first, second, fork, third]);
  assert.equal(shown.length, 2);
  assert.match(shown[1] ?? "", new RegExp(`^equivocation by ${founder} at seq 2: `));
});

Deno.test("a message that follows another one than was handed out is equivocation", () => {
  const [first, second] = signedLog(signer, 2);
  assert.ok(first && second);
  const fork = nextMessage(signer, first, { body: "another second" });
  const [, ...rest] = read([first, second, nextMessage(signer, fork)]);
  assert.deepEqual(rest, [
    `equivocation by ${founder} at seq 2: ${messageId(second).slice(0, 12)} and ${
      messageId(fork).slice(0, 12)
    }`,
  ]);
});

Deno.test("the same message twice is shown once, and an older one is out of order", () => {
  const [first, second] = signedLog(signer, 2);
  assert.ok(first && second);
  assert.deepEqual(read([first, first, second]), ["message 1", "message 2"]);
  assert.deepEqual(read([first, second, first]), [
    "message 1",
    "message 2",
    "seq 1 refused: it came after seq 2, out of order",
  ]);
});

Deno.test("an author who may not write the topic is refused, and so is another message than he named", () => {
  const { signer: stranger } = generateEd25519();
  const [first] = signedLog(signer, 1);
  assert.ok(first);
  assert.deepEqual(read([first, nextMessage(stranger, first)]), [
    "message 1",
    "seq 2 refused: a stranger",
  ]);
  const named = { judge: () => ({ ok: true as const, msgId: "00" }) };
  assert.match(read([first], { authors: named })[0] ?? "", /named when handing over$/);
});

Deno.test("a message of another topic is refused", () => {
  const [refused] = read([signedMessage(signer, { topic_name: "other" })]);
  assert.match(refused ?? "", /^seq 1 refused: it belongs to the topic [0-9a-f]{12}, not /);
});

Deno.test("what a blocked key signed is refused with the administrator's word", () => {
  const blocks = { topics: [], keys: [founder] };
  assert.deepEqual(read(signedLog(signer, 1), { blocks }), [
    "seq 1 refused: blocked by the fleet's admin",
  ]);
});

Deno.test("what is held back at the end of a range still has to fit what comes later", () => {
  const [first, second] = signedLog(signer, 2);
  assert.ok(first && second);
  const reader = new ChainReader({ topicId: topic, authors: founderAlone, from: 1, firstSeq: 1 });
  assert.deepEqual(reader.take(first), []);
  assert.deepEqual(reader.end(1).map(label), ["message 1"]);
  const fork = signedMessage(signer, { body: "another first" });
  assert.match(
    reader.take(nextMessage(signer, fork)).map(label).join(),
    /^equivocation by .* at seq 1/,
  );
});
