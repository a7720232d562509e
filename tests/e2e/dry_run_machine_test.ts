/** A dry run of a whole service on a fresh machine, against what then really happens. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { outcomesInMachine, type TestResource } from "../support/apply_in_machine.ts";
import { offerPackages } from "../support/debian_package.ts";
import { canBootMachine, ThrowawayMachine } from "../support/throwaway_machine.ts";

const canRun = canBootMachine();
if (!canRun) {
  console.warn("skipped: a dry run in a throw-away machine needs root, namespaces and systemd");
}

const UNIT = `[Service]
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
`;

const BUNDLE: readonly TestResource[] = [
  { id: "package:vigo-tiny", params: { name: "vigo-tiny" } },
  {
    id: "file:conf",
    params: { path: "/etc/vigo-tiny.conf", content: "port=1\n" },
    dependsOn: ["package:vigo-tiny"],
    notify: ["service:vigo-tiny"],
  },
  {
    id: "file:owned",
    params: { path: "/etc/vigo-tiny.key", content: "x", owner: "tinyd" },
    dependsOn: ["package:vigo-tiny"],
  },
  {
    id: "service:vigo-tiny",
    params: { name: "vigo-tiny", state: "running", enabled: true },
    dependsOn: ["package:vigo-tiny", "file:conf"],
  },
  { id: "group:site", params: { name: "site" } },
  {
    id: "user:site",
    params: { name: "site", gid: "site", groups: ["adm"] },
    dependsOn: ["group:site"],
  },
  {
    id: "directory:site",
    params: { path: "/srv/site/data", parents: true, owner: "site", group: "site" },
    dependsOn: ["user:site", "group:site"],
  },
  {
    id: "file:site",
    params: { path: "/srv/site/data/index", content: "x", owner: "site", mode: "0600" },
    dependsOn: ["directory:site"],
  },
  {
    id: "exec:site",
    params: { command: "id -un > made", cwd: "/srv/site/data", user: "site" },
    when: { expression: "changed && os_family('debian')", scope: { vars: {} } },
    dependsOn: ["file:site"],
  },
  {
    id: "file:old",
    params: { path: "/etc/vigo-tiny.old", ensure: "absent" },
    dependsOn: ["package:vigo-tiny"],
  },
];

Deno.test({
  name:
    "a dry run on a fresh machine fails nothing, guesses nothing, and the real run bears it out",
  ignore: !canRun,
  fn: async () => {
    await using machine = await ThrowawayMachine.boot();
    await offerPackages(machine, [{
      name: "vigo-tiny",
      version: "1.0",
      files: {
        "/usr/lib/systemd/system/vigo-tiny.service": UNIT,
        "/etc/vigo-tiny.old": "comes with the package\n",
      },
      postinst: "useradd --system tinyd; systemctl daemon-reload",
    }]);
    const dryRun = () => outcomesInMachine(machine, BUNDLE, { dryRun: true });
    assert.deepEqual(await dryRun(), [
      "would_change",
      "would_change",
      "unknown: cannot be known before package:vigo-tiny has changed: " +
      'there is no user "tinyd" on this machine',
      "unknown: cannot be known before package:vigo-tiny has changed: " +
      'systemd knows no service "vigo-tiny"',
      "would_change",
      "would_change",
      "would_change",
      "would_change",
      "none",
      "unknown: in sync now, but package:vigo-tiny would change before",
    ]);
    assert.deepEqual(await outcomesInMachine(machine, BUNDLE), [
      ...["created", "created", "created", "updated"],
      ...["created", "created", "created", "created", "none", "deleted"],
    ]);
    assert.deepEqual([...new Set(await dryRun())], ["none"]);
    await Deno.writeTextFile(join(machine.root, "etc/vigo-tiny.conf"), "drift\n");
    const drifted = await dryRun();
    assert.equal(drifted[1], "would_change");
    assert.deepEqual([...new Set(drifted.filter((_, index) => index !== 1))], ["none"]);
  },
});
