import { filecastShow } from "../../shared/rest/swarm.ts";
import { counted } from "../../shared/terminal/counted.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { z } from "zod";
import type { ApiClient } from "../client/api_client.ts";
import type { CliContext } from "../context.ts";
import {
  describeHosts,
  isSettled,
  renderFilecast,
  renderShares,
  renderWait,
} from "../output/filecast.ts";

/** How often the server is asked, in ms. */
const INTERVAL_MS = 500;

type Shown = z.output<typeof filecastShow.answer>;

/**
 * How a cast is followed: `bars` draws one for each host and is for whoever waits for its delivery, `table` draws the
 * table anew or writes a line per change.
 */
export interface FollowOptions {
  readonly as: "bars" | "table";
  readonly json: boolean;
}

/**
 * Follows a cast until every target has it or skipped it, and says how it ended.
 *
 * @throws {UserError} if envoys skipped it, if it is revoked while its delivery is waited for, or with status 130 when the operator interrupts; the cast goes on then.
 */
export async function followFilecast(
  client: ApiClient,
  sha: string,
  context: CliContext,
  { as, json }: FollowOptions,
): Promise<void> {
  const { output, signal } = context;
  const tell = as === "bars" ? drawBars : output.isTerminal ? drawTable : writeChanges();
  while (!signal.aborted) {
    const answer = await ask(client, sha, signal);
    if (answer === undefined) break;
    if (!json) tell(answer, context);
    const isUndeliverable = as === "bars" && answer.filecast.state === "revoked";
    if (isUndeliverable || isSettled(answer.filecast, answer.hosts)) {
      finish(answer, context, json);
      if (!isUndeliverable) return;
      throw new UserError("The filecast was revoked meanwhile", { exitCode: EXIT_CODE.failed });
    }
    await context.pause(INTERVAL_MS);
  }
  output.endProgress(true);
  throw new UserError(
    `Stopped watching; the filecast goes on. See it with: vigocli swarm filecast status ${
      sha.slice(0, 12)
    }`,
    { exitCode: EXIT_CODE.interrupted },
  );
}

/** @returns `undefined` if the operator interrupts. */
async function ask(
  client: ApiClient,
  sha: string,
  signal: AbortSignal,
): Promise<Shown | undefined> {
  try {
    return await client.call(filecastShow, { params: { sha }, signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function finish({ filecast, hosts }: Shown, { output }: CliContext, json: boolean): void {
  output.endProgress(false);
  if (json) output.json({ filecast, hosts });
  else {
    output.line(renderFilecast(filecast, hosts));
    output.line(`\n${renderShares(filecast, hosts)}`);
  }
  const skipped = hosts.filter((host) => host.status === "skipped").length;
  if (skipped > 0) {
    throw new UserError(
      `${counted(skipped, "envoy")} skipped the filecast; SKIP REASON says why`,
      { exitCode: EXIT_CODE.failed },
    );
  }
}

function drawBars({ filecast, hosts }: Shown, { output }: CliContext): void {
  output.progress(`${renderWait(filecast, hosts)}\n${renderShares(filecast, hosts)}`);
}

function drawTable({ filecast, hosts }: Shown, { output }: CliContext): void {
  output.progress(renderFilecast(filecast, hosts));
}

/** Writes a line for each host of which something is news. */
function writeChanges(): (shown: Shown, context: CliContext) => void {
  const known = new Map<string, string>();
  return ({ hosts }, { output }) => {
    for (const [hostname, text] of describeHosts(hosts)) {
      if (known.get(hostname) !== text) output.line(text);
      known.set(hostname, text);
    }
  };
}
