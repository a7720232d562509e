import { Command } from "@commander-js/extra-typings";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { AgentContext } from "./context.ts";

/** `vigo _user-scan`: what the daemon starts, as a user, to look into that user's home. */
export function userScanCommand(context: AgentContext) {
  const command = new Command("_user-scan")
    .description("Look into the home of whoever runs this, as the request on standard input asks")
    .action(async () => {
      const { serveScan } = await import("../user_scan/serve_scan.ts");
      const { MAX_SCAN_REQUEST_BYTES } = await import("../user_scan/scan_request.ts");
      const text = await context.readStdin() ?? "";
      if (text.length > MAX_SCAN_REQUEST_BYTES) {
        throw new UserError(`A request has at most ${MAX_SCAN_REQUEST_BYTES} bytes`);
      }
      try {
        await serveScan(text, (line) => writeLine(line));
      } catch (error) {
        if (error instanceof SyntaxError) throw new UserError(error.message, { cause: error });
        throw error;
      }
    });
  return withExamples(command, [
    [`echo '{"kind":"poolq_read","home":"/home/mara","known":{}}' | vigo _user-scan`, "as mara"],
  ]);
}

/** Waits until the line has gone: a reader that is slow keeps nothing in memory here. */
async function writeLine(line: object): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
  for (let written = 0; written < bytes.length;) {
    written += await Deno.stdout.write(bytes.subarray(written));
  }
}
