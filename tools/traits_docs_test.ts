/** docs/traits.md has every trait with how it is read, and every member that a machine tells. */
import assert from "node:assert/strict";
import { agentSelf } from "../agent/traits/agent_self.ts";
import { collectTraits } from "../agent/traits/collect_traits.ts";
import type { Collector } from "../agent/traits/collector.ts";
import { builtInCollectors } from "../agent/traits/collectors.ts";
import { nativeSystem } from "../agent/traits/native_system.ts";
import { rootPaths } from "../shared/platform/root_paths.ts";

const text = await Deno.readTextFile(new URL("../docs/traits.md", import.meta.url));
const collectors = builtInCollectors("/nonexistent");
/** Traits whose members are names that the machine gives; the documented ones are one level down. */
const BY_NAME = new Set(["blockdevices", "filesystem", "mountpoints", "users"]);

const howRead = ({ kind, isSampled }: Collector) => isSampled ? "sampled" : kind;

function sectionOf(trait: string): string {
  const [, section] = text.split(`\n### ${trait}\n`);
  assert.ok(section !== undefined, `there is no section "${trait}"`);
  return section.split("\n## ")[0]?.split("\n### ")[0] ?? "";
}

Deno.test("docs/traits.md lists every trait and how it is read, and no other", () => {
  const listed = [...text.matchAll(/^\| `([a-z_]+)` +\| (volatile|stable|sampled) +\|/gm)]
    .map(([, name, kind]) => `${name} ${kind}`);
  const built = collectors.map((collector) => `${collector.name} ${howRead(collector)}`);
  assert.deepEqual(listed, [...built, "agent_self volatile"].sort());
});

Deno.test("docs/traits.md explains every member that this machine tells", async () => {
  const { traits } = await collectTraits(collectors, nativeSystem(rootPaths("/")));
  const self = agentSelf({
    version: "",
    root: "",
    executable: "",
    observedHostname: "",
    hostname: "",
    envoyUuid: "",
    pid: 1,
    startedAtMs: 0,
    nowMs: 0,
    rssBytes: 0,
    clockOffsetMs: 0,
    queuedReports: 0,
    failed: [],
  });
  for (const [trait, value] of Object.entries({ ...traits, agent_self: self })) {
    const section = sectionOf(trait);
    const values = BY_NAME.has(trait) ? Object.values(Object(value)) : [value];
    for (const member of new Set(values.flatMap((one) => Object.keys(Object(one))))) {
      assert.ok(section.includes(`\`${member}\``), `${trait}.${member} is not documented`);
    }
  }
});
