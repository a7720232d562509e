import { USER_SCAN } from "./user_scan/scan_request.ts";

if (import.meta.main) {
  // Each look at a home starts this program, and whoever reads elsewhere waits for it: it loads what it needs and no more.
  if (Deno.args[0] === USER_SCAN) {
    const { runUserScan } = await import("./user_scan/run_user_scan.ts");
    Deno.exit(await runUserScan());
  }
  const { runProgram } = await import("./run_program.ts");
  await runProgram();
}
