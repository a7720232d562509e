/**
 * Applies resources to the machine it runs on, as the agent does but without a server: reads
 * `{"dryRun": false, "resources": [{"id": "file:/etc/motd", "params": {…}}]}` from standard input, prints one line of JSON
 * for each resource as it is done, and at last one line for the whole run.
 *
 * Arguments: the folder that stands for `/var/lib/vigo`, and optionally a root folder with users of its own.
 *
 * @module
 */
import { z } from "zod";
import { applyBundle } from "../../agent/apply/apply_bundle.ts";
import { FileJournal } from "../../agent/apply/notification_journal.ts";
import { buildRunReport } from "../../agent/apply/run_report.ts";
import { FileSnapshotStore } from "../../agent/apply/snapshot_store.ts";
import { standardRegistry } from "../../agent/resources/registry.ts";
import { openLocalMachine } from "../../agent/system/local_machine.ts";
import { checkGuardrails } from "../../shared/config/guardrails.ts";
import { bundleResourceSchema } from "../../shared/config/policy_bundle.ts";

const inputSchema = z.strictObject({
  dryRun: z.boolean().default(false),
  resources: z.array(z.looseObject({ id: z.string() })),
});

const [stateFolder, root = "/"] = Deno.args;
if (stateFolder === undefined) throw new Error("usage: apply_driver.ts STATE_FOLDER [ROOT]");
await Deno.mkdir(stateFolder, { recursive: true });

const input = inputSchema.parse(await new Response(Deno.stdin.readable).json());
const resources = input.resources.map(({ id, ...fields }) => {
  const [type, name] = id.split(/:(.*)/s);
  const defaults = { crate: "test", source: "test.vgo:1:1", dependsOn: [], notify: [] };
  return bundleResourceSchema.parse({ id, type, name, ...defaults, ...fields });
});

const stop = new AbortController();
Deno.addSignalListener("SIGTERM", () => stop.abort());

const machine = await openLocalMachine(root);
const runId = crypto.randomUUID();
const applied = await applyBundle(resources, {
  registry: standardRegistry(),
  machine,
  guardrails: checkGuardrails,
  journal: new FileJournal(`${stateFolder}/notifications.json`),
  snapshots: new FileSnapshotStore(machine.files, `${stateFolder}/snapshots`, machine.self),
  runId,
  dryRun: input.dryRun,
  signal: stop.signal,
  onProgress: (report) => console.log(JSON.stringify(report)),
});
const identity = { runId, policyVersion: "test", root: "0".repeat(64), trigger: "manual" } as const;
console.log(JSON.stringify(buildRunReport(applied, identity)));
Deno.exit(0);
