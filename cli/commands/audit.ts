import { Command } from "@commander-js/extra-typings";
import { type AuditVerdict, type KeptHead, parseKeptHead } from "../../shared/audit/audit_chain.ts";
import {
  AuditExportCheck,
  MAX_EXPORT_LINE,
  writeBeginning,
  writeEnd,
  writeRecords,
} from "../../shared/audit/audit_export.ts";
import { auditExport, auditList, type AuditRecord, auditVerify } from "../../shared/rest/audit.ts";
import { asArgument, wholeNumber } from "../../shared/terminal/argument_parser.ts";
import { counted } from "../../shared/terminal/counted.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { CliContext } from "../context.ts";
import { CURSOR_OPTION, noteNextPage } from "../output/next_page.ts";
import { parseSince } from "./parse_since.ts";
import { serverCommand } from "./server_command.ts";

/** Records that one request of an export asks for. */
const EXPORT_PAGE = 500;

/** `vigocli audit`: who did what, and whether the record of it is whole. */
export function auditCommand(context: CliContext): Command {
  const audit = new Command("audit").description("Who did what, and whether the record is whole");
  audit.addCommand(listCommand(context), { isDefault: true });
  audit.addCommand(verifyCommand(context));
  audit.addCommand(exportCommand(context));
  return withExamples(audit, [["vigocli audit verify", "whether the record is whole"]]);
}

function listCommand(context: CliContext) {
  const command = serverCommand("list")
    .description("List audit records, newest first")
    .option("--principal <name>", 'only what this one did, such as "user:ann"')
    .option("--action <action>", 'only this, or what begins so, such as "envoy."')
    .option("--since <when>", "only since then: a duration like 2h, or a time like 2026-01-31")
    .option("--limit <count>", "how many", wholeNumber(1, 1000), 20)
    .option(...CURSOR_OPTION)
    .action(async ({ principal, action, since, limit, cursor, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(auditList, {
        query: {
          limit,
          ...(principal === undefined ? {} : { principal }),
          ...(action === undefined ? {} : { action }),
          ...(since === undefined ? {} : { since: parseSince(since, context.now()) }),
          ...(cursor === undefined ? {} : { cursor }),
        },
      });
      if (json) return context.output.json(answer);
      for (const seq of answer.unreadable) {
        context.output.note(`Record ${seq} cannot be read any more. Run: vigocli audit verify`);
      }
      if (answer.records.length === 0) return context.output.note("No audit record is like that");
      context.output.line(renderRecords(answer.records));
      noteNextPage(context.output, answer.nextCursor);
    });
  return withExamples(command, [
    ["vigocli audit", "the latest privileged acts"],
    ["vigocli audit list --principal user:ann --since 24h", "what ann did today"],
  ]);
}

function verifyCommand(context: CliContext) {
  const command = serverCommand("verify")
    .description("Verify the chain; names the first record that does not fit")
    .option(
      "--head <head>",
      "a head that was printed before, and must still be in it",
      asArgument(readHead),
    )
    .option("--file <file>", "verify an export, without a server")
    .option(
      "--key <key>",
      "with --file: the key that must have signed it, as hex",
      asArgument(readKey),
    )
    .action(async ({ head, file, key, json, ...flags }) => {
      if (key !== undefined && file === undefined) {
        throw new UserError("--key is for an export: add --file", { exitCode: EXIT_CODE.usage });
      }
      const verdict = file === undefined
        ? await verifyServer(context, flags, head)
        : await verifyExport(context, file, { key, head });
      const { publicKey, ...rest } = verdict;
      if (json) context.output.json({ ...rest, publicKey: publicKey ?? null });
      else if (verdict.intact) {
        context.output.line(
          `Intact: ${
            counted(verdict.records, "record")
          }, head ${verdict.records}:${verdict.headHash}`,
        );
        context.output.note(`Heads are signed with key ${publicKey ?? "-"}`);
        if (file !== undefined && key === undefined) {
          context.output.note("The export names that key itself: check it with --key");
        }
      }
      if (!verdict.intact) {
        const where = verdict.brokenAt === null ? "" : ` at record ${verdict.brokenAt}`;
        throw new UserError(`The audit chain is broken${where}: ${verdict.reason}`, {
          exitCode: EXIT_CODE.failed,
        });
      }
    });
  return withExamples(command, [
    ["vigocli audit verify", "keep the head that it prints elsewhere"],
    [
      "vigocli audit verify --head 5:9f2c4e0d1b7a68535c0e1d2f3a4b5c6d7e8f90123456789abcdef0123456789a",
      "whether what was kept is still there",
    ],
    ["vigocli audit verify --file audit.jsonl", "an export, on any machine"],
  ]);
}

function exportCommand(context: CliContext) {
  const command = serverCommand("export")
    .description("Write the whole chain as JSON lines, with what is needed to verify it elsewhere")
    .option("--output <file>", "write to this file; standard output by default")
    .action(async ({ output, json, ...flags }) => {
      using client = await context.connect(flags);
      const parts: string[] = [];
      const write = (text: string) =>
        output === undefined ? context.output.line(text.replace(/\n$/, "")) : parts.push(text);
      if (json && output === undefined) {
        throw new UserError("An export is JSON lines already: --json needs --output", {
          exitCode: EXIT_CODE.usage,
        });
      }
      let records = 0;
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof askForPage>> = await askForPage(cursor);
        if (cursor === null) write(writeBeginning(page.publicKey));
        if (page.records.length > 0) write(writeRecords(page.records, page.heads));
        records += page.records.length;
        cursor = page.nextCursor;
      } while (cursor !== null);
      write(writeEnd(records));
      if (output === undefined) return;
      await context.writeFile(output, parts.join(""));
      if (json) context.output.json({ records, file: output });
      else context.output.line(`Wrote ${counted(records, "record")} to ${output}`);

      function askForPage(after: string | null) {
        return client.call(auditExport, {
          query: { limit: EXPORT_PAGE, ...(after === null ? {} : { cursor: after }) },
        });
      }
    });
  return withExamples(command, [
    ["vigocli audit export --output audit.jsonl", "to keep elsewhere"],
    ["vigocli audit export | gzip > audit.jsonl.gz", "the same, packed"],
  ]);
}

interface Verified extends AuditVerdict {
  readonly publicKey: string | undefined;
}

async function verifyServer(
  context: CliContext,
  flags: Parameters<CliContext["connect"]>[0],
  head: KeptHead | undefined,
): Promise<Verified> {
  using client = await context.connect(flags);
  return await client.call(auditVerify, {
    query: head === undefined
      ? {}
      : { head: head.seq === undefined ? head.hash : `${head.seq}:${head.hash}` },
  });
}

async function verifyExport(
  context: CliContext,
  file: string,
  { key, head }: { readonly key: string | undefined; readonly head: KeptHead | undefined },
): Promise<Verified> {
  const check = new AuditExportCheck({
    ...(key === undefined ? {} : { key }),
    ...(head === undefined ? {} : { head }),
  });
  for await (const line of linesOf((await context.openFile(file)).stream())) check.add(line);
  return { ...check.verdict(), publicKey: check.publicKey };
}

/** The lines of a text, the last one with or without its end. One that is far too long is cut, and then makes no sense. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = (lines.pop() ?? "").slice(0, MAX_EXPORT_LINE + 1);
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** @throws {SyntaxError} if it is none. */
function readHead(text: string): KeptHead {
  const head = parseKeptHead(text);
  if (head) return head;
  throw new SyntaxError("Expected HASH or NUMBER:HASH, as `audit verify` prints it");
}

/** @throws {SyntaxError} if it is none. */
function readKey(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw new SyntaxError("Expected 64 hex digits, as `audit verify` prints them");
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
