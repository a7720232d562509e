import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { ApiError } from "../client/api_error.ts";
import type { CliContext } from "../context.ts";

/**
 * Sends something that a guardrail of the server may refuse, and once more with force if somebody at a terminal says yes.
 * Without a terminal the answer is no.
 *
 * @throws {UserError} with status 3 if the guardrail's word stands.
 */
export async function overruleGuardrail<Answer>(
  send: (force: boolean) => Promise<Answer>,
  context: CliContext,
): Promise<Answer> {
  const { output, isInteractive, signal } = context;
  try {
    return await send(false);
  } catch (error) {
    if (!(error instanceof ApiError) || error.guardrail === undefined) throw error;
    output.note(
      [
        "warning: server-side guardrail blocked this command",
        `  reason:  ${sanitize(error.guardrail.reason)}`,
        `  pattern: ${sanitize(error.guardrail.pattern)}`,
        "  note:    the agent's hardcoded guardrails still apply on each envoy.",
      ].join("\n"),
    );
    if (isInteractive && await isConfirmed(context)) return await send(true);
    signal.throwIfAborted();
    throw new UserError(
      `${error.message}. Nothing was sent; if it is meant, overrule it with --force`,
      { exitCode: EXIT_CODE.refused, cause: error },
    );
  }
}

/** Whether somebody says yes; no longer waited for once they interrupt. */
async function isConfirmed({ confirm, signal }: CliContext): Promise<boolean> {
  const { promise: interruption, resolve } = Promise.withResolvers<boolean>();
  const refuse = () => resolve(false);
  signal.addEventListener("abort", refuse, { once: true });
  try {
    return await Promise.race([confirm("Proceed anyway?"), interruption]);
  } finally {
    signal.removeEventListener("abort", refuse);
  }
}
