import assert from "node:assert/strict";
import type { AgentFacts } from "./agent_database.ts";
import { describePause, nameOfOperator, type Pause, readPause, writePause } from "./pause.ts";

const PAUSE: Pause = { reason: "moving the database", by: "anna", sinceMs: 1_000, untilMs: 5_000 };

function memory() {
  const facts: Partial<AgentFacts> = {};
  return {
    fact: <Name extends keyof AgentFacts>(name: Name) => facts[name],
    setFacts: (changed: Partial<AgentFacts>) => void Object.assign(facts, changed),
  };
}

Deno.test("a pause lasts until its time has come, or until it is ended", () => {
  const db = memory();
  assert.equal(readPause(db, 2_000), undefined);
  writePause(db, PAUSE);
  assert.deepEqual(readPause(db, 4_999), PAUSE);
  assert.equal(readPause(db, 5_000), undefined);
  writePause(db, { ...PAUSE, untilMs: null });
  assert.equal(readPause(db, 1e15)?.reason, "moving the database");
  writePause(db, undefined);
  assert.equal(readPause(db, 2_000), undefined);
});

Deno.test("a pause says who, how long and why", () => {
  assert.equal(
    describePause({ ...PAUSE, untilMs: 4_801_000 }, 1_000),
    "paused by anna for another 1h20m: moving the database",
  );
  assert.equal(
    describePause({ ...PAUSE, untilMs: null }, 1_000),
    'paused by anna until "vigo resume": moving the database',
  );
});

Deno.test("behind sudo is a person", () => {
  assert.equal(nameOfOperator({ SUDO_USER: "anna" }), "anna");
  assert.notEqual(nameOfOperator({}), "");
});
