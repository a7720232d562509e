import { counted } from "../../shared/terminal/counted.ts";
import type { z } from "zod";
import { envoyQuery, type QueryTerm } from "../../shared/rest/envoys.ts";
import { quoteForShell } from "../../shared/terminal/completion_state.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { CliContext } from "../context.ts";
import { serverCommand } from "./server_command.ts";

type Answer = z.output<typeof envoyQuery.answer>;

/** Most rows that one request asks for. */
const PAGE_ROWS = 1000;

/** `vigocli query`: which envoys a target spec hits, and what they have of what it asks about. */
export function queryCommand(context: CliContext) {
  const command = serverCommand("query")
    .description("List the envoys that a target spec hits, with the values that it asks about")
    .argument("<spec>", "target spec: hostnames, traits and tags")
    .option("--count", "print how many there are and nothing else", false)
    .action(async (spec, { count, json, ...flags }) => {
      using client = await context.connect(flags);
      const ask = (cursor?: string) =>
        client.call(envoyQuery, {
          query: {
            target: spec,
            limit: count ? 1 : PAGE_ROWS,
            ...(cursor === undefined ? {} : { cursor }),
          },
        });
      let answer = await ask();
      while (!count && answer.nextCursor !== null) {
        const { envoys, nextCursor } = await ask(answer.nextCursor);
        answer = { ...answer, envoys: [...answer.envoys, ...envoys], nextCursor };
      }
      const { matched, total } = answer;
      if (json) context.output.json(count ? { matched, total } : answer);
      else if (count) context.output.line(String(matched));
      else if (matched > 0) context.output.line(renderAnswer(answer));
      // Whoever counts has an answer, and 0 is one.
      if (matched > 0 || count) return;
      if (!json) { for (const term of answer.terms) context.output.note(explainTerm(term, total)); }
      throw new UserError(`None of ${counted(total, "envoy")} matches "${sanitize(spec)}"`);
    });
  return withExamples(command, [
    ["vigocli query 'os.distro=debian & memory.total_mb>4000'", "large Debian machines"],
    ["vigocli query 'web-*,-tag:tier=gold' --count", "how many web servers are not gold"],
  ]);
}

function renderAnswer({ envoys, matched, total }: Answer): string {
  const fields = [...new Set(envoys.flatMap(({ values }) => Object.keys(values)))].sort();
  const table = renderTable(
    [{ header: "HOSTNAME" }, ...fields.map((header) => ({ header }))],
    envoys.map(({ hostname, values }) => [
      hostname,
      ...fields.map((field) => values[field]?.map(String).join(", ") ?? "-"),
    ]),
  );
  return `${table.trimEnd()}\n\n${matched} of ${counted(total, "envoy")}`;
}

/** What one condition has to do with an answer that is empty. */
function explainTerm(term: QueryTerm, total: number): string {
  const quoted = `${term.excludes ? "-" : ""}${sanitize(term.term)}`;
  const examples = term.examples.map((text) => `"${sanitize(text)}"`).join(", ");
  if (term.known === 0) {
    const remedy = term.suggestion === null ? "" : `. Did you mean ${sanitize(term.suggestion)}?`;
    return `${quoted}: no envoy has that${remedy}`;
  }
  const hit = `${quoted}: ${term.matches} of ${total}`;
  return term.matches > 0 || examples === "" ? hit : `${hit}; there is ${examples}`;
}

/** The command that says of each condition of a target spec who meets it, and what was probably meant; ready to be copied. */
export function queryFor(target: string): string {
  return `vigocli query ${quoteForShell(sanitize(target))}`;
}
