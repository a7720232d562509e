import { counted } from "../../shared/terminal/counted.ts";
import { Command } from "@commander-js/extra-typings";
import { auditList, type AuditRecord, auditVerify } from "../../shared/rest/audit.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { wholeNumber } from "../../shared/terminal/argument_parser.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { CliContext } from "../context.ts";

import { serverCommand } from "./server_command.ts";

/** `vigocli audit`: who did what, and whether the record of it is whole. */
export function auditCommand(context: CliContext): Command {
  const audit = new Command("audit").description("Who did what, and whether the record is whole");
  audit.addCommand(listCommand(context), { isDefault: true });
  audit.addCommand(verifyCommand(context));
  return withExamples(audit, [["vigocli audit verify", "whether the record is whole"]]);
}

function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List audit records, newest first")
    .option("--limit <count>", "how many", wholeNumber(1, 1000), 20)
    .action(async ({ limit, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(auditList, { query: { limit } });
      if (json) return context.output.json(answer);
      context.output.line(renderRecords(answer.records));
    });
  return withExamples(command, [["vigocli audit", "the latest privileged acts"]]);
}

function verifyCommand(context: CliContext) {
  const command = serverCommand("verify")
    .description("Verify the chain; names the first record that does not fit")
    .action(async ({ json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(auditVerify);
      if (json) context.output.json(answer);
      else if (answer.intact) {
        context.output.line(
          `Intact: ${counted(answer.records, "record")}, head ${answer.headHash}`,
        );
      }
      if (!answer.intact) {
        throw new UserError(
          `The audit chain is broken at record ${answer.brokenAt}: ${answer.reason}`,
          {
            exitCode: EXIT_CODE.failed,
          },
        );
      }
    });
  return withExamples(command, [[
    "vigocli audit verify",
    "keep the head hash elsewhere to notice a shortened chain",
  ]]);
}

function renderRecords(records: readonly AuditRecord[]): string {
  return renderTable(
    [
      { header: "SEQ", align: "right" },
      { header: "TIME" },
      { header: "WHO" },
      { header: "ACTION" },
      { header: "DETAILS" },
    ],
    records.map((record) => [
      String(record.seq),
      new Date(record.atMs).toISOString(),
      record.principal,
      record.action,
      JSON.stringify(record.payload),
    ]),
  ).trimEnd();
}
