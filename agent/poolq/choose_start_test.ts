import assert from "node:assert/strict";
import { choosePostStart, higherHead } from "./choose_start.ts";

const A = "a".repeat(64), B = "b".repeat(64);
const here = { topicName: "t", hostname: "danlap", writer: "danlap" };
const at = (seq: number, id = A) => ({ seq, id });

Deno.test("what nobody knows is a new topic", () => {
  assert.deepEqual(choosePostStart({ ...here, writer: "" }), { kind: "new" });
});

Deno.test("the writer goes on after its own log, whatever older heads the fleet has", () => {
  assert.deepEqual(choosePostStart({ ...here, local: at(4) }), { kind: "local" });
  const known = at(3, B);
  assert.deepEqual(choosePostStart({ ...here, local: at(4), known }), { kind: "local" });
});

Deno.test("an older home of the writer has to catch up", () => {
  const known = at(9, B);
  assert.deepEqual(choosePostStart({ ...here, local: at(4), known }), {
    kind: "behind",
    head: known,
  });
});

Deno.test("a topic that came here is gone on with after the head that is known", () => {
  assert.deepEqual(choosePostStart({ ...here, known: at(9) }), { kind: "known", head: at(9) });
});

Deno.test("another envoy's topic is refused, with the command that changes it", () => {
  const elsewhere = /written from web-2; post there, or run there: .* move t --to danlap/;
  const other = { ...here, writer: "web-2" };
  assert.throws(() => choosePostStart({ ...other, known: at(1) }), elsewhere);
  assert.throws(() => choosePostStart({ ...other, local: at(1) }), elsewhere);
  assert.throws(() => choosePostStart({ ...other, local: at(1), known: at(2, B) }), elsewhere);
  assert.throws(() => choosePostStart({ ...other, local: at(5), known: at(5) }), elsewhere);
  const nobody = { ...here, writer: "", known: at(5) };
  assert.throws(() => choosePostStart(nobody), /written from another envoy/);
});

Deno.test("two messages for one seq are a fork, which is told and not made longer", () => {
  const forked = { ...here, local: at(5), known: at(5, B) };
  assert.throws(() => choosePostStart(forked), /different messages with seq 5 .*two machines/);
});

Deno.test("of two heads the higher counts, and the first where both are at one seq", () => {
  assert.deepEqual(higherHead(at(3), at(4, B)), at(4, B));
  assert.deepEqual(higherHead(at(4), at(4, B)), at(4));
  assert.deepEqual(higherHead(undefined, at(4, B)), at(4, B));
  assert.equal(higherHead(undefined, undefined), undefined);
});
