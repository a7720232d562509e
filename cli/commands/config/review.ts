import type { z } from "zod";
import type { configDiff } from "../../../shared/rest/config.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import type { CliContext } from "../../context.ts";
import { renderChanges } from "../../output/changes.ts";

/** What a version would change, as the server compared it. */
export type Compared = Pick<
  z.output<typeof configDiff.answer>,
  "changes" | "unchangedHosts" | "warnings"
>;

/** Shows which hosts change and how, and what is to be known besides. */
export function showComparison(
  { output }: Pick<CliContext, "output">,
  { changes, unchangedHosts, warnings }: Compared,
): void {
  output.line(renderChanges(changes, unchangedHosts, output.style));
  for (const warning of warnings) output.note(`warning: ${sanitize(warning)}`);
}

/** Whether somebody who sits at a terminal is to be asked first. */
export function mustAsk(
  { isInteractive }: Pick<CliContext, "isInteractive">,
  { yes, json }: { readonly yes: boolean; readonly json: boolean },
): boolean {
  return isInteractive && !yes && !json;
}
