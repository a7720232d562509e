import {
  type CustomAnswer,
  customAnswerSchema,
  type CustomParams,
  customSchema,
} from "../../shared/config/resources/custom.ts";
import type { Entry } from "../system/files.ts";
import { describeFailure, type ProgramResult } from "../system/processes.ts";
import { formatMode } from "./ownership.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  IN_SYNC,
  type ResourceType,
  unknown,
} from "./resource.ts";

/** Enough for an answer; the rest of what an executable prints is dropped. */
const MAX_OUTPUT_BYTES = 64 * 1024;
/** Shown of output that is no answer. */
const MAX_SHOWN_LENGTH = 200;
const WRITABLE_BY_OTHERS = 0o022;
const EXECUTABLE = 0o100;

/**
 * Whatever an executable of the operator looks after. It is asked with `{"params": …, "dry_run": true}` on standard input
 * what it would do, and told with `false` to do it. It runs as the agent does, so it is run only if nobody else could have
 * written it.
 */
export const custom: ResourceType<CustomParams> = {
  type: "custom",
  schema: customSchema,
  check,
  apply,
  // Nobody knows what it looks at.
  reliesOnOthers: () => true,
};

async function check(params: CustomParams, context: ApplyContext): Promise<Finding> {
  const answer = await ask(params, true, context);
  if (!answer.ok) return unknown(answer.reason);
  const { changed, action } = answer.answer;
  return changed
    ? differences([`${params.executor}: ${action || "would change something"}`])
    : IN_SYNC;
}

async function apply(params: CustomParams, context: ApplyContext): Promise<Change> {
  const answer = await ask(params, false, context);
  if (!answer.ok) throw new Error(answer.reason);
  const { changed, action } = answer.answer;
  if (!changed) return "none";
  return action === "created" || action === "deleted" ? action : "updated";
}

type Answer =
  | { readonly ok: true; readonly answer: CustomAnswer }
  | { readonly ok: false; readonly reason: string };

async function ask(
  { executor, params, timeout }: CustomParams,
  dryRun: boolean,
  context: ApplyContext,
): Promise<Answer> {
  const { executorsFolder, processes, signal } = context;
  const path = `${executorsFolder}/${executor}`;
  const refusal = await findRefusal(path, context);
  if (refusal !== undefined) return { ok: false, reason: refusal };
  const result = await processes.run({
    argv: [path],
    // Not as an argument, which everybody could read: parameters may hold secrets.
    stdin: `${JSON.stringify({ params, dry_run: dryRun })}\n`,
    timeoutMs: timeout * 1000,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    signal,
  });
  return readAnswer(executor, result);
}

/** Why an executable may not be run: whoever can write it, or the folder it is in, would be root. */
async function findRefusal(
  path: string,
  { executorsFolder, files, self }: ApplyContext,
): Promise<string | undefined> {
  const isOwn = ({ uid, mode }: Entry) =>
    (uid === 0 || uid === self.uid) && (mode & WRITABLE_BY_OTHERS) === 0;
  const folder = await files.inspect(executorsFolder);
  const found = await files.inspect(path);
  if (folder === undefined || found === undefined) return `there is no executor "${path}"`;
  if (folder.kind !== "directory" || !isOwn(folder)) {
    return `refused to run "${path}": "${executorsFolder}" has to be a folder that root owns and nobody else may write to`;
  }
  if (found.kind !== "file") return `refused to run "${path}": it is no regular file`;
  if (!isOwn(found)) {
    return `refused to run "${path}": uid ${found.uid}, mode ${formatMode(found.mode)}; ` +
      "it has to belong to root, and nobody else may write to it";
  }
  if ((found.mode & EXECUTABLE) === 0) return `refused to run "${path}": it is not executable`;
  return undefined;
}

function readAnswer(executor: string, result: ProgramResult): Answer {
  if (result.end !== "exited" || result.status !== 0) {
    return { ok: false, reason: describeFailure(`executor "${executor}"`, result) };
  }
  const parsed = customAnswerSchema.safeParse(parseJson(result.stdout));
  if (!parsed.success) {
    const printed = result.stdout.trim().slice(0, MAX_SHOWN_LENGTH);
    const expected = '{"action": …, "changed": true or false, "error": …}';
    const reason = `executor "${executor}" answered ${
      JSON.stringify(printed)
    }: expected ${expected}`;
    return { ok: false, reason };
  }
  const { error } = parsed.data;
  return error ? { ok: false, reason: `executor "${executor}": ${error}` } : {
    ok: true,
    answer: parsed.data,
  };
}

/** What is not JSON is no answer. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
