import assert from "node:assert/strict";
import { createStyle, wantsColor } from "./style.ts";

Deno.test("colors are for terminals that can show them", () => {
  assert.equal(wantsColor({ isTerminal: true, env: { TERM: "xterm" } }), true);
  assert.equal(wantsColor({ isTerminal: false, env: { TERM: "xterm" } }), false);
  assert.equal(wantsColor({ isTerminal: true, env: { TERM: "dumb" } }), false);
});

Deno.test("NO_COLOR and --no-color win over everything, FORCE_COLOR over the terminal", () => {
  assert.equal(wantsColor({ isTerminal: true, env: { NO_COLOR: "1", FORCE_COLOR: "1" } }), false);
  assert.equal(wantsColor({ isTerminal: true, noColor: true, env: { FORCE_COLOR: "1" } }), false);
  assert.equal(wantsColor({ isTerminal: false, env: { FORCE_COLOR: "1" } }), true);
  assert.equal(wantsColor({ isTerminal: true, env: { FORCE_COLOR: "0" } }), false);
  assert.equal(wantsColor({ isTerminal: true, env: { NO_COLOR: "" } }), true);
});

Deno.test("styles nest, and do nothing without colors", () => {
  const style = createStyle({ isTerminal: true, env: {} });
  assert.equal(style.bold(style.red("x")), "\x1b[1m\x1b[31mx\x1b[39m\x1b[22m");
  assert.equal(style.green(""), "");
  assert.equal(createStyle({ isTerminal: false, env: {} }).bold("x"), "x");
});
