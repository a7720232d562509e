import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockedError } from "../blocked_error.ts";
import { DnfProvider, parseVersionLocks } from "./dnf.ts";
import { isRpmVersion, parseRpmLines } from "./rpm_query.ts";
import { ScriptedManager } from "./scripted_manager.ts";

/** What rpm 4.18 and dnf 4.14 printed. */
const RPM = {
  status: 1,
  stdout: "vigo-tiny|noarch|0|1.0|1\nvigo-two|noarch|3|1.0|1\npackage nope is not installed\n",
};
const UPGRADES = { stdout: "vigo-tiny|noarch|0|2.0|1\n\n" };
const AVAILABLE = { stdout: "nope|x86_64|0|0.1|7.el9\n\n" };
const NO_MATCH = { status: 1, stderr: "Error: Unable to find a match: nope\n" };
const NO_METADATA = {
  status: 1,
  stderr: "Error: Failed to download metadata for repo 'local': Cannot download repomd.xml: " +
    "Cannot download repodata/repomd.xml: All mirrors were tried\n",
};
const NO_VERSIONLOCK = {
  status: 1,
  stderr: "No such command: versionlock. Please use /usr/bin/dnf --help\n",
};

const NAMES = ["vigo-tiny", "vigo-two", "nope"];

Deno.test("what is installed, newer or new is told apart", async () => {
  const manager = new ScriptedManager([
    [/^rpm/, RPM],
    [/repoquery.*--upgrades/s, UPGRADES],
    [/repoquery/, AVAILABLE],
  ]);
  const states = await new DnfProvider(manager, "/etc").query(NAMES, {
    candidates: "known",
    withHolds: false,
  });
  assert.deepEqual([...states], [
    ["vigo-tiny", { installed: "1.0-1", candidate: "2.0-1" }],
    ["vigo-two", { installed: "3:1.0-1", candidate: "3:1.0-1" }],
    ["nope", { candidate: "0.1-7.el9" }],
  ]);
});

Deno.test("old packages are upgraded and new ones installed, each at once", async () => {
  const manager = new ScriptedManager([[/^rpm/, RPM], [/versionlock/, NO_VERSIONLOCK]]);
  await new DnfProvider(manager, "/etc").install(NAMES, {});
  assert.deepEqual(manager.lines().slice(-2), [
    "dnf install nope",
    "dnf upgrade vigo-tiny vigo-two",
  ]);
});

Deno.test("a hold is lifted for a version that is asked for, and comes back", async () => {
  const manager = new ScriptedManager([
    [/^rpm/, RPM],
    [/versionlock list/, { stdout: "vigo-tiny-0:1.0-1.*\n" }],
  ]);
  await new DnfProvider(manager, "/etc").install(["vigo-tiny"], { version: "2.0" });
  const changes = manager.lines().filter((line) => /lock (?:add|del)|install/.test(line));
  assert.deepEqual(changes, [
    "dnf versionlock delete vigo-tiny",
    "dnf install vigo-tiny-2.0",
    "dnf versionlock add vigo-tiny",
  ]);
});

Deno.test("a hold comes back also when the change fails", async () => {
  const manager = new ScriptedManager([
    [/^rpm/, RPM],
    [/versionlock list/, { stdout: "vigo-tiny-0:1.0-1.*\n" }],
    [/ install /, NO_MATCH],
  ]);
  await assert.rejects(new DnfProvider(manager, "/etc").install(["vigo-tiny"], { version: "9" }));
  assert.equal(manager.lines().at(-1), "dnf versionlock add vigo-tiny");
});

Deno.test("a package that nobody has fails; one that sources which cannot be had may have blocks", async () => {
  const install = (makecache: { status?: number; stderr?: string }) =>
    new DnfProvider(
      new ScriptedManager([
        [/^rpm/, { status: 1, stdout: "package nope is not installed\n" }],
        [/versionlock/, NO_VERSIONLOCK],
        [/makecache/, makecache],
        [/install/, NO_MATCH],
      ]),
      "/etc",
    ).install(["nope"], {});
  await assert.rejects(
    install({}),
    /^Error: Cannot install nope: dnf ended with status 1: Error: U/,
  );
  await assert.rejects(install(NO_METADATA), BlockedError);
});

Deno.test("a broken database of rpm blocks instead of looking empty", async () => {
  const broken = {
    status: 1,
    stdout: "package vigo-tiny is not installed\n",
    stderr: "error: cannot open Packages database in /var/lib/rpm\n",
  };
  const provider = new DnfProvider(new ScriptedManager([[/^rpm/, broken]]), "/etc");
  const query = provider.query(["vigo-tiny"], { candidates: "none", withHolds: false });
  await assert.rejects(query, BlockedError);
  await assert.rejects(query, /rpm --rebuilddb/);
});

Deno.test("the plugin that holds need is named", async () => {
  const provider = new DnfProvider(new ScriptedManager([[/versionlock/, NO_VERSIONLOCK]]), "/etc");
  await assert.rejects(
    provider.setHold(["nginx"], true),
    /^Error: Cannot hold nginx: install the package python3-dnf-plugin-versionlock first$/,
  );
});

Deno.test("locks of dnf 4 and of dnf 5 are read", () => {
  const old = "Last metadata expiration check: 0:00:30 ago on Thu 28 Sep 2023 14:10:31 CEST.\n" +
    "# Added lock on 2026\nnginx-1:1.20.1-14.el9.*\n!curl-0:7.76.1-26.el9.*\nlib-x-0:1-1.*\n";
  assert.deepEqual([...parseVersionLocks(old)], ["nginx", "lib-x"]);
  const recent =
    "# Added by 'versionlock add' command on 2026-01-02\nPackage name: nginx\nevr = 1:1.20.1-14\n";
  assert.deepEqual([...parseVersionLocks(recent)], ["nginx"]);
});

const VERSIONS: readonly [installed: string, wanted: string, same: boolean][] = [
  ["1.24.0-1.el9", "1.24.0-1.el9", true],
  ["1.24.0-1.el9", "1.24.0", true],
  ["1:1.24.0-1.el9", "1.24.0-1.el9", true],
  ["1:1.24.0-1.el9", "1.24.0", true],
  ["1:1.24.0-1.el9", "1:1.24.0-1.el9", true],
  ["1:1.24.0-1.el9", "1:1.24.0", true],
  ["1:1.24.0-1.el9", "2:1.24.0-1.el9", false],
  ["1.24.0-1.el9", "1.24", false],
  ["1.24.0-1.el9", "1.24.0-2.el9", false],
];

for (const [installed, wanted, same] of VERSIONS) {
  Deno.test(`rpm's ${installed} is ${same ? "" : "not "}the version ${wanted}`, () => {
    assert.equal(isRpmVersion(installed, wanted), same);
  });
}

Deno.test("no output of rpm or dnf makes a parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assert.ok(parseRpmLines(text) instanceof Map && parseVersionLocks(text) instanceof Set);
  }));
});
