import assert from "node:assert/strict";
import { HostLink } from "./host_link.ts";

const link = () =>
  new HostLink({
    address: "10.0.0.1",
    segment: 0,
    upBytesPerMs: 100,
    downBytesPerMs: 100,
    latencyMs: 0,
  });

Deno.test("what still waits at a busy sender does not hold up what another sends meanwhile", () => {
  const receiver = link();
  assert.equal(receiver.receive(1_000, 300, 310, 0), 310);
  assert.equal(receiver.receive(1_000, 0, 10, 0), 10);
  assert.equal(receiver.receive(1_000, 5, 15, 5), 20, "both at once take their time");
});

Deno.test("a slow sender takes of a fast link what it sends", () => {
  const receiver = link();
  assert.equal(receiver.receive(1_000, 0, 8_000, 0), 8_000);
  assert.equal(receiver.receive(1_000, 0, 10, 0), 20);
});

Deno.test("what is sent leaves one after the other", () => {
  const sender = link();
  assert.equal(sender.send(1_000, 0), 10);
  assert.equal(sender.send(1_000, 5), 20);
  assert.equal(sender.send(1_000, 100), 110);
});
