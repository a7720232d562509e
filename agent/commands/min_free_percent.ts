import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { AgentContext } from "./context.ts";

const DEFAULT_MIN_FREE_PERCENT = 10;

/**
 * `VIGO_MIN_FREE_PCT`, mainly for tests on small disks.
 *
 * @throws {UserError} if it is not a percentage.
 */
export function readMinFreePercent(env: AgentContext["env"]): number {
  const text = env["VIGO_MIN_FREE_PCT"];
  if (text === undefined || text === "") return DEFAULT_MIN_FREE_PERCENT;
  const percent = Number(text);
  if (!(percent >= 0 && percent <= 100)) {
    throw new UserError(`Cannot use VIGO_MIN_FREE_PCT "${text}": wanted a number from 0 to 100`, {
      exitCode: EXIT_CODE.usage,
    });
  }
  return percent;
}
