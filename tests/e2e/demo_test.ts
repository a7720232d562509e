import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.ts";
import { TestProcess } from "../support/process.ts";
import { runOrThrow } from "../support/run_command.ts";

const MAIN = fileURLToPath(new URL("../../tools/demo/main.ts", import.meta.url));
/** Long past what the demo takes, since other tests may share the machine. */
const DEADLINE_MS = 600_000;
const ACTS = [
  "Server",
  "Enrolment",
  "Policy",
  "Drift",
  "Tasks",
  "Swarm",
  "Queues",
  "Without a server",
  "Record",
];

function startDemo(...flags: string[]): TestProcess {
  return TestProcess.start(Deno.execPath(), ["run", "-A", "--no-check", MAIN, ...flags], {
    env: { NO_COLOR: "1" },
  });
}

/** The folder below which a demo keeps everything. */
async function folderOf(demo: TestProcess): Promise<string> {
  const [, folder = ""] = await demo.waitForLine(
    /state below (\/tmp\/vigo-demo-[^/]+)\//,
    DEADLINE_MS,
  );
  return folder;
}

/** Asserts that neither a file of a demo nor a process that was given its folder is left. */
async function assertNothingLeft(folder: string): Promise<void> {
  assert.notEqual(folder, "");
  await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
  const processes = await runOrThrow("ps", ["-eo", "pid,args"]);
  assert.deepEqual(processes.split("\n").filter((line) => line.includes(folder)), []);
}

Deno.test("the demo plays all its acts, proves what it shows, and leaves nothing", async () => {
  await using demo = startDemo();
  const folder = await folderOf(demo);
  await demo.waitForLine(/^All of it took /, DEADLINE_MS);
  assert.deepEqual(await demo.exited, { code: 0, signal: null });
  const output = demo.output("stdout");
  const headings = [...output.matchAll(/^\[\d\/(\d)\] (.+?) {2}/gm)];
  assert.deepEqual(headings.map(([, , capability]) => capability), ACTS);
  assert.equal(output.match(/^ {2}✓ /gm)?.length, ACTS.length);
  for (
    const shown of [
      /^ {2}hub +online +/m,
      /^ {2}published [0-9a-f]{12}: \d+ different changes, each on a group of hosts$/m,
      /^ {2}-changed by hand$/m,
      /^ {2}2 batch\(es\), 3 target\(s\), 0 offline$/m,
      /^ {2}--- web-2 \[complete\] exit=0 \d+ms\n {2}(?:Linux|Darwin) /m,
      /^ {2}Summary: 5 complete \(5 total\)$/m,
      /^ {2}every copy has the SHA-256 of the original; [2-4] of 4 receivers got chunks from each other/m,
      /^ {2}web-2 put etc\/motd right after/m,
      /^ {2}Intact: \d+ records, head \d+:[0-9a-f]{64}$/m,
      /^Health +https:\/\/\S+\/healthz$/m,
      /^API document +https:\/\/\S+\/api\/v1\/openapi\.json$/m,
    ]
  ) assert.match(output, shown);
  assert.equal(demo.output("stderr"), "");
  await assertNothingLeft(folder);
});

for (const act of ["Enrolment", "Swarm"]) {
  Deno.test(`Ctrl-C in the act "${act}" ends the demo with 130 and cleans up`, async () => {
    await using demo = startDemo();
    const folder = await folderOf(demo);
    await demo.waitForLine(new RegExp(`^\\[\\d/\\d\\] ${act} `), DEADLINE_MS);
    demo.signal("SIGINT");
    assert.deepEqual(await demo.exited, { code: 130, signal: null });
    assert.equal(demo.output("stderr"), "error: Interrupted; everything is cleaned up");
    await assertNothingLeft(folder);
  });
}

Deno.test("a demo that is kept answers until Ctrl-C", async () => {
  await using demo = startDemo("--keep");
  const folder = await folderOf(demo);
  const [, root = ""] = await demo.waitForLine(/vigo swarm seeds list --root (\S+)/, DEADLINE_MS);
  assert.ok(root.startsWith(folder));
  await demo.waitForLine(/^Ctrl-C ends the fleet/, DEADLINE_MS);
  const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
  const cli = ["run", "-A", "--no-check", main, "envoys", "--root", `${folder}/hub`];
  // On a busy machine an envoy may be late for a check-in.
  await eventually(
    "the hub is shown as online",
    async () => /^hub +online /m.test(await runOrThrow(Deno.execPath(), cli)),
    DEADLINE_MS,
  );
  demo.signal("SIGINT");
  assert.deepEqual(await demo.exited, { code: 0, signal: null });
  await assertNothingLeft(folder);
});
