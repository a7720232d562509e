import type { NewFile } from "../system/files.ts";
import { describeFailure } from "../system/processes.ts";
import type { ApplyContext } from "./resource.ts";

/** A syntax check that takes longer hangs. */
const VALIDATE_TIMEOUT_MS = 60_000;

/** Lets a command look at a finished file before it takes its place; without a command nobody does. */
export function approval(
  validate: string | undefined,
  context: ApplyContext,
): Pick<NewFile, "approve"> {
  return validate === undefined
    ? {}
    : { approve: (temporaryPath) => approve(validate, temporaryPath, context) };
}

async function approve(
  validate: string,
  temporaryPath: string,
  { processes, signal }: ApplyContext,
): Promise<void> {
  const quoted = `'${temporaryPath.replaceAll("'", `'\\''`)}'`;
  const line = validate.replaceAll(/%%|%/g, (found) => found === "%%" ? "%" : quoted);
  const result = await processes.run({
    argv: ["/bin/sh", "-c", line],
    timeoutMs: VALIDATE_TIMEOUT_MS,
    signal,
  });
  if (result.end === "exited" && result.status === 0) return;
  throw new Error(describeFailure(`the new content was refused: "${validate}"`, result));
}
