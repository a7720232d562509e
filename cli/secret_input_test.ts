import assert from "node:assert/strict";
import { UserError } from "../shared/terminal/user_error.ts";
import { HiddenLine } from "../shared/terminal/hidden_line.ts";
import { readAll, valueFromInput } from "./secret_input.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function type(...keys: string[]): ReturnType<HiddenLine["feed"]> {
  const line = new HiddenLine();
  let typed = line.feed(bytes(""));
  for (const key of keys) typed = line.feed(bytes(key));
  return typed;
}

Deno.test("a hidden line ends with return, and can be corrected, cleared and interrupted", () => {
  assert.deepEqual(type("hunter", "2", "\r"), { state: "done", text: "hunter2" });
  assert.deepEqual(type("huntr\x7f", "er2\n"), { state: "done", text: "hunter2" });
  assert.deepEqual(type("ü\u{1f511}\x7f\x7f\x7f", "x\r"), { state: "done", text: "x" });
  assert.deepEqual(type("wrong\x15right\r"), { state: "done", text: "right" });
  assert.deepEqual(type("hunter2\x03"), { state: "interrupted" });
  assert.deepEqual(type("\x04"), { state: "done", text: "" });
  assert.deepEqual(type("hunter"), { state: "typing" });
});

Deno.test("arrow keys and control characters are no part of a secret", () => {
  assert.deepEqual(type("hun\x1b[Dter\x1b[3~2\x01\r"), { state: "done", text: "hunter2" });
  assert.deepEqual(type("hun\x1b", "[", "Dter2\r"), { state: "done", text: "hunter2" });
});

Deno.test("a character that comes in two reads is one", () => {
  const line = new HiddenLine();
  const [first = 0, ...rest] = bytes("é\r");
  assert.deepEqual(line.feed(Uint8Array.of(first)), { state: "typing" });
  assert.deepEqual(line.feed(Uint8Array.from(rest)), { state: "done", text: "é" });
});

Deno.test("a pipe's single line is taken without its end, several lines as they are", () => {
  assert.equal(valueFromInput("hunter2\n"), "hunter2");
  assert.equal(valueFromInput("hunter2\r\n"), "hunter2");
  assert.equal(valueFromInput("hunter2"), "hunter2");
  assert.equal(valueFromInput(" spaces \n"), " spaces ");
  assert.equal(valueFromInput("a\nb\n"), "a\nb\n");
  assert.equal(valueFromInput("\n"), "");
});

Deno.test("input that is too large or not UTF-8 is refused without a word of it", async () => {
  const stream = (...chunks: Uint8Array[]) => ReadableStream.from(chunks);
  assert.equal(await readAll(stream(bytes("hun"), bytes("ter2"))), "hunter2");
  await assert.rejects(readAll(stream(new Uint8Array(200_000))), /at most 64 KiB/);
  const half = Uint8Array.of(0x68, 0x75, 0xff);
  await assert.rejects(readAll(stream(half)), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /not UTF-8/);
    assert.equal(error.cause, undefined);
    return true;
  });
});
