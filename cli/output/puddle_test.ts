import assert from "node:assert/strict";
import type { MeshPuddle } from "../../shared/rest/puddle.ts";
import { renderPuddle, renderPuddles } from "./puddle.ts";

const KEY = "a".repeat(64), LATER = "b".repeat(64);

function puddle(changes: Partial<MeshPuddle> = {}): MeshPuddle {
  return {
    publicKey: KEY,
    name: "mara",
    nameState: "claimed",
    members: [{
      hostname: "web-1",
      envoyUuid: "u",
      user: "mara",
      unlocked: false,
      pairPending: false,
      evicted: false,
    }],
    retiredKeys: [],
    successor: null,
    saidSuccessors: [],
    contested: false,
    ...changes,
  };
}

Deno.test("a key that nothing replaced is said to be the current one", () => {
  assert.match(renderPuddle(puddle()), /^State +current\nBefore it +no other key$/m);
  assert.match(renderPuddles([puddle()]), /aaaaaaaaaaaa +mara +1 +0 +current$/);
});

Deno.test("an old key names the current one, why it is old, and what its machines have to do", () => {
  const text = renderPuddle(puddle({ successor: LATER }));
  assert.match(text, new RegExp(`old: it signed that ${LATER} took its place, which is current`));
  assert.match(text, /web-1 .*its user leaves there and joins again/);
  assert.match(renderPuddles([puddle({ successor: LATER })]), /old, replaced by bbbbbbbbbbbb$/);
});

Deno.test("what a machine says without a signature is told as its word", () => {
  const said = puddle({ saidSuccessors: [{ publicKey: LATER, hostname: "hub" }] });
  assert.match(
    renderPuddle(said),
    new RegExp(`nothing signed has come here: hub reports ${LATER}`),
  );
  assert.match(renderPuddles([said]), /old, says hub$/);
});

Deno.test("a contested key is followed nowhere", () => {
  assert.match(renderPuddle(puddle({ contested: true })), /contested: .* neither is followed/);
});
