import assert from "node:assert/strict";
import { choosePostStart, higherHead } from "./choose_start.ts";

const A = "a".repeat(64), B = "b".repeat(64);
const here = { topicName: "t", hostname: "danlap" };
const at = (seq: number, writer: string, id = A) => ({ seq, id, writer });

Deno.test("what nobody knows is a new topic", () => {
  assert.deepEqual(choosePostStart(here), { kind: "new" });
});

Deno.test("the writer goes on after its own log, whatever older heads the fleet has", () => {
  assert.deepEqual(choosePostStart({ ...here, local: at(4, "danlap") }), { kind: "local" });
  const known = at(3, "web-2", B);
  assert.deepEqual(choosePostStart({ ...here, local: at(4, "danlap"), known }), { kind: "local" });
});

Deno.test("an older home of the writer has to catch up", () => {
  const known = at(9, "danlap", B);
  assert.deepEqual(choosePostStart({ ...here, local: at(4, "danlap"), known }), {
    kind: "behind",
    head: known,
  });
});

Deno.test("a topic that came here is gone on with after the head that is known", () => {
  assert.deepEqual(choosePostStart({ ...here, known: at(9, "danlap") }), {
    kind: "known",
    head: at(9, "danlap"),
  });
  const later = { ...here, local: at(9, "web-2"), known: at(12, "danlap", B) };
  assert.equal(choosePostStart(later).kind, "behind");
});

Deno.test("another envoy's topic is refused, with the command that changes it", () => {
  const elsewhere = /written from web-2; post there, or run there: .* move t --to danlap/;
  assert.throws(() => choosePostStart({ ...here, known: at(1, "web-2") }), elsewhere);
  assert.throws(() => choosePostStart({ ...here, local: at(1, "web-2") }), elsewhere);
  const moved = { ...here, local: at(1, "danlap"), known: at(2, "web-2", B) };
  assert.throws(() => choosePostStart(moved), elsewhere);
  const unheard = { ...here, local: at(5, "web-2"), known: at(5, "danlap") };
  assert.throws(() => choosePostStart(unheard), elsewhere);
  const stale = { ...here, local: at(5, "web-2"), known: at(4, "danlap", B) };
  assert.throws(() => choosePostStart(stale), elsewhere);
});

Deno.test("two messages for one seq are a fork, which is told and not made longer", () => {
  const forked = { ...here, local: at(5, "danlap"), known: at(5, "danlap", B) };
  assert.throws(() => choosePostStart(forked), /different messages with seq 5 .*two machines/);
});

Deno.test("of two heads the higher counts, and the first where both are at one seq", () => {
  assert.deepEqual(higherHead(at(3, "a"), at(4, "b")), at(4, "b"));
  assert.deepEqual(higherHead(at(4, "a"), at(4, "b")), at(4, "a"));
  assert.deepEqual(higherHead(undefined, at(4, "b")), at(4, "b"));
  assert.equal(higherHead(undefined, undefined), undefined);
});
