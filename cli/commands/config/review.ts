import type { z } from "zod";
import type { configDiff } from "../../../shared/rest/config.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import type { CliContext } from "../../context.ts";
import { renderChanges, renderRefused } from "../../output/changes.ts";

/** What a version would change, as the server compared it. */
export type Compared = Pick<
  z.output<typeof configDiff.answer>,
  "changes" | "unchangedHosts" | "refusedHosts" | "warnings"
>;

/** Shows which hosts change and how, and what is to be known besides. */
export function showComparison(
  { output }: Pick<CliContext, "output">,
  { changes, unchangedHosts, warnings }: Compared,
  { isFull }: { readonly isFull: boolean },
): void {
  // Whoever pipes it somewhere has a way of their own to shorten it.
  const isFolded = output.isTerminal && !isFull;
  output.line(renderChanges(changes, unchangedHosts, { style: output.style, isFolded }));
  for (const warning of warnings) output.note(`warning: ${sanitize(warning)}`);
}

/** The last line: who cannot have the version, if anybody. */
export function noteRefused(
  { output }: Pick<CliContext, "output">,
  { changes, refusedHosts }: Pick<Compared, "changes" | "refusedHosts">,
): void {
  if (refusedHosts > 0) output.note(renderRefused(changes, refusedHosts));
}

/** The flag of verbs that show what changes. */
export const FULL_FLAG = [
  "--full",
  "show long differences whole; off a terminal they always are",
  false,
] as const;

/** The flag of verbs that make a version live. */
export const ALLOW_REFUSED_FLAG = [
  "--allow-refused",
  "make it live although no host that it matches can have it",
  false,
] as const;

/** Whether somebody who sits at a terminal is to be asked first. */
export function mustAsk(
  { isInteractive }: Pick<CliContext, "isInteractive">,
  { yes, json }: { readonly yes: boolean; readonly json: boolean },
): boolean {
  return isInteractive && !yes && !json;
}
