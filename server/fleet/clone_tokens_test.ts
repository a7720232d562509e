import assert from "node:assert/strict";
import fc from "fast-check";
import { createCloneTokens, judgeCloneToken, NEW_CLONE_WINDOW } from "./clone_tokens.ts";

const tokens = createCloneTokens(new Uint8Array(32).fill(7));
const UUID = "6f1c2a58-1d0f-4c3e-9f63-2b7c51d0a4e9";

Deno.test("a token is read back by the server that made it, for the envoy it was made for", () => {
  const token = tokens.issue(UUID, 1_780_000_000_000);
  assert.equal(tokens.read(UUID, token), 1_780_000_000_000);
  assert.equal(tokens.read(crypto.randomUUID(), token), undefined);
  assert.equal(createCloneTokens(new Uint8Array(32)).read(UUID, token), undefined);
});

Deno.test("bytes that are no token are nobody's, whatever they are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
      assert.equal(tokens.read(UUID, bytes), undefined);
    }),
  );
  const token = tokens.issue(UUID, 5);
  for (let at = 0; at < token.length; at++) {
    const altered = token.slice();
    altered[at] = (altered[at] ?? 0) ^ 1;
    assert.equal(tokens.read(UUID, altered), undefined);
  }
});

Deno.test("one machine is never suspected, whatever answers are lost and whenever the server restarts", () => {
  const event = fc.constantFrom("answered", "lost", "restart");
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      let window = { ...NEW_CLONE_WINDOW };
      let held = 0;
      events.forEach((what, index) => {
        if (what === "restart") {
          window = { presented: window.presented, issued: undefined };
          return;
        }
        const { genuine, next } = judgeCloneToken(window, held, index);
        assert.ok(genuine);
        window = next;
        if (what === "answered") held = next.issued;
      });
    }),
  );
});

Deno.test("two machines that share a token are found once both have checked in and one has again", () => {
  // true: the first machine checks in; false: the second.
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 30 }), (turns) => {
      let window = judgeCloneToken(NEW_CLONE_WINDOW, 0, 1).next;
      const held = { first: window.issued, second: window.issued };
      let parted: "first" | "second" | undefined;
      let switches = 0;
      for (const [index, isFirst] of turns.entries()) {
        const who = isFirst ? "first" : "second";
        const { genuine, next } = judgeCloneToken(window, held[who], index);
        if (parted !== undefined && parted !== who) switches += 1;
        parted = who;
        // The first switch may pass as a lost answer; the second cannot.
        if (!genuine) return;
        assert.ok(switches < 2, "not found after two switches");
        held[who] = next.issued;
        window = next;
      }
    }),
  );
});

Deno.test("a counter never repeats, even while the clock stands still or runs back", () => {
  let window = { ...NEW_CLONE_WINDOW };
  let held = 0;
  for (const nowMs of [100, 100, 50, 0, 101]) {
    const { next } = judgeCloneToken(window, held, nowMs);
    assert.ok(next.issued > held);
    held = next.issued;
    window = next;
  }
});
