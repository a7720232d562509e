import assert from "node:assert/strict";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { ApiError } from "../client/api_error.ts";
import type { CliContext } from "../context.ts";
import { overruleGuardrail } from "./overrule_guardrail.ts";

const GUARDRAIL = { reason: "would remove\x1b[2J Vigo", pattern: "rm /srv/vigo" };
const BLOCKED = new ApiError(423, "A guardrail refuses this command", GUARDRAIL);

/** Sends a command that is refused unless forced, with somebody at the terminal who does this. */
async function send(person: "none" | "yes" | "no" | "interrupts") {
  const stop = new AbortController();
  const sent: boolean[] = [];
  let notes = "";
  const context = {
    output: { note: (text: string) => void (notes += text) },
    isInteractive: person !== "none",
    signal: stop.signal,
    confirm: () => {
      if (person === "interrupts") stop.abort();
      return person === "interrupts" ? new Promise<boolean>(() => {}) : Promise.resolve(
        person === "yes",
      );
    },
  };
  const outcome = await overruleGuardrail(
    (force) => {
      sent.push(force);
      return force ? Promise.resolve("sent") : Promise.reject(BLOCKED);
    },
    // It touches no other part of the context.
    context as unknown as CliContext,
  ).catch((error: unknown) => error);
  return { outcome, sent, notes };
}

Deno.test("whoever says yes at a terminal has it sent with force", async () => {
  const { outcome, sent, notes } = await send("yes");
  assert.deepEqual([outcome, sent], ["sent", [false, true]]);
  assert.match(notes, /^warning: server-side guardrail blocked this command\n/);
  assert.ok(!notes.includes("\x1b"));
});

Deno.test("a no, and nobody to ask, leave the guardrail's word", async () => {
  for (const person of ["no", "none"] as const) {
    const { outcome, sent } = await send(person);
    assert.ok(outcome instanceof UserError && outcome.exitCode === EXIT_CODE.refused);
    assert.deepEqual(sent, [false]);
  }
});

Deno.test("an interrupt at the question sends nothing, and waits for no answer", async () => {
  const { outcome, sent } = await send("interrupts");
  assert.ok(outcome instanceof DOMException && outcome.name === "AbortError");
  assert.deepEqual(sent, [false]);
});
