import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockedError } from "../blocked_error.ts";
import { ScriptedManager } from "./scripted_manager.ts";
import { parseZypperInfo, parseZypperLocks, ZypperProvider } from "./zypper.ts";

/** What zypper 1.14.42 printed. */
const INFO = `

Information for package vigo-tiny:
----------------------------------
Repository     : local
Name           : vigo-tiny
Version        : 2.0-1
Arch           : noarch
Vendor         : 
Installed Size : 0 B
Installed      : Yes
Status         : out-of-date (version 1.0-1 installed)
Source package : vigo-tiny-2.0-1.src
Summary        : made by a test
Description    : 
    x


Information for package vigo-two:
---------------------------------
Repository     : local
Name           : vigo-two
Version        : 3:1.0-1
Description    : 
    Version : 9


package 'nope' not found.
`;
const LOCKS = `
# | Name      | Type    | Repository
--+-----------+---------+-----------
1 | vigo-tiny | package | (any)
2 | vigo-pat  | pattern | (any)

`;
const RPM = { status: 2, stdout: "vigo-tiny|noarch|0|1.0|1\npackage vigo-two is not installed\n" };
const STALE = {
  stdout: INFO,
  stderr:
    "Repository 'local' is invalid.\nSkipping repository 'local' because of the above error.\n",
};

function provider(...answers: ConstructorParameters<typeof ScriptedManager>[0]) {
  const manager = new ScriptedManager([[/^rpm --query/, RPM], ...answers]);
  return { manager, provider: new ZypperProvider(manager, "/etc") };
}

Deno.test("what is installed, newer, new and held is told apart", async () => {
  const zypper = provider([/ info /, { stdout: INFO }], [/ locks/, { stdout: LOCKS }]).provider;
  const names = ["vigo-tiny", "vigo-two", "nope"];
  assert.deepEqual([...await zypper.query(names, { candidates: "known", withHolds: true })], [
    ["vigo-tiny", { held: true, installed: "1.0-1", candidate: "2.0-1" }],
    ["vigo-two", { held: false, candidate: "3:1.0-1" }],
    ["nope", { held: false }],
  ]);
});

Deno.test("lists that could not be refreshed do not say what the newest version is", async () => {
  const zypper = provider([/ info /, STALE]).provider;
  const query = (candidates: "known" | "fresh") =>
    zypper.query(["vigo-tiny"], { candidates, withHolds: false });
  assert.equal((await query("known")).get("vigo-tiny")?.candidate, "2.0-1");
  await assert.rejects(query("fresh"), BlockedError);
});

Deno.test("an older version is asked for with its lock lifted", async () => {
  const { manager, provider: zypper } = provider([/ locks/, { stdout: LOCKS }]);
  await zypper.install(["vigo-tiny"], { version: "1.0-1" });
  assert.deepEqual(manager.lines().filter((line) => /lock |install/.test(line)), [
    "zypper removelock vigo-tiny",
    "zypper install vigo-tiny=1.0-1",
    "zypper addlock vigo-tiny",
  ]);
  const install = manager.programs.find(({ argv }) => argv.includes("install"));
  assert.ok(install?.argv.includes("--oldpackage"));
  assert.equal(install?.environment?.ZYPP_LOCK_TIMEOUT, "60");
});

const ENDS: readonly [status: number, stderr: string, outcome: "done" | "blocked" | "failed"][] = [
  [0, "", "done"],
  [102, "a reboot is needed", "done"],
  [107, "a script complained", "done"],
  [104, "No provider of 'nope' found.", "failed"],
  [7, "System management is locked by the application with pid 2342 (sleep).", "blocked"],
  [4, "Problem retrieving files from 'local'.", "blocked"],
  [8, "Failed to cache rpm database (1).", "blocked"],
];

for (const [status, stderr, outcome] of ENDS) {
  Deno.test(`zypper's status ${status}, "${stderr}", is ${outcome}`, async () => {
    const zypper = provider([/ install /, { status, stderr }]).provider;
    const found = await zypper.install(["nope"], {}).then(
      () => "done",
      (error) => error instanceof BlockedError ? "blocked" : "failed",
    );
    assert.equal(found, outcome);
  });
}

Deno.test("no output of zypper makes a parser throw", () => {
  assert.deepEqual([...parseZypperInfo(INFO).values()], ["2.0-1", "3:1.0-1"]);
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assert.ok(parseZypperInfo(text) instanceof Map && parseZypperLocks(text) instanceof Set);
  }));
});
