import assert from "node:assert/strict";
import {
  ConnectionLimits,
  MAX_CONTENT_PER_PEER,
  MAX_CONTENT_REQUESTS,
  MAX_CONTROL_PER_PEER,
  MAX_CONTROL_REQUESTS,
} from "./connection_limits.ts";

Deno.test("one peer cannot take more than its share of content requests", () => {
  const limits = new ConnectionLimits();
  const held = Array.from(
    { length: MAX_CONTENT_PER_PEER },
    () => limits.enter("greedy", "content"),
  );
  assert.ok(held.every((release) => release));
  assert.equal(limits.enter("greedy", "content"), undefined);
  assert.ok(limits.enter("other", "content"));
});

Deno.test("content that takes every place leaves those for control", () => {
  const limits = new ConnectionLimits();
  for (let index = 0; index < MAX_CONTENT_REQUESTS; index += 1) {
    assert.ok(limits.enter(`peer ${index}`, "content"));
  }
  assert.equal(limits.enter("late", "content"), undefined);
  for (let index = 0; index < MAX_CONTROL_REQUESTS; index += 1) {
    assert.ok(limits.enter(`peer ${index}`, "control"));
  }
  assert.equal(limits.enter("late", "control"), undefined);
});

Deno.test("one peer cannot take every place for control", () => {
  const limits = new ConnectionLimits();
  const held = Array.from(
    { length: MAX_CONTROL_PER_PEER },
    () => limits.enter("greedy", "control"),
  );
  assert.ok(held.every((release) => release));
  assert.equal(limits.enter("greedy", "control"), undefined);
  assert.ok(limits.enter("other", "control"));
  held[0]?.();
  assert.ok(limits.enter("greedy", "control"));
});

Deno.test("a place given back twice is free once", () => {
  const limits = new ConnectionLimits();
  const held = Array.from({ length: MAX_CONTENT_PER_PEER }, () => limits.enter("peer", "content"));
  held[0]?.();
  held[0]?.();
  assert.ok(limits.enter("peer", "content"));
  assert.equal(limits.enter("peer", "content"), undefined);
});
