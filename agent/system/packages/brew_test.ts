import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockedError } from "../blocked_error.ts";
import { BrewProvider, parseBrewInfo, parseBrewVersions } from "./brew.ts";
import { ScriptedManager } from "./scripted_manager.ts";

const OWNER = {
  program: "/opt/homebrew/bin/brew",
  user: "ada",
  home: "/Users/ada",
  as: { uid: 501, gid: 20, groups: [80] },
};

/**
 * The parts of `brew info --json=v2` that matter, among others. Formulae are in the form of the recording, which has no
 * revisions; casks, which need a Mac, are written after Homebrew's documentation and were not recorded.
 */
const INFO = JSON.stringify({
  formulae: [
    {
      name: "jq",
      full_name: "jq",
      versions: { stable: "1.7.1", head: "HEAD", bottle: true },
      revision: 0,
      installed: [{ version: "1.6", poured_from_bottle: true }],
      outdated: true,
      pinned: false,
    },
    {
      name: "openssl@3",
      versions: { stable: "3.3.0" },
      revision: 1,
      installed: [{ version: "3.3.0_1" }],
      outdated: false,
    },
    { name: "wget", versions: { stable: "1.24.5" }, revision: 2, installed: [], outdated: false },
  ],
  casks: [{ token: "firefox", version: "126.0", installed: "125.0", outdated: true }],
});
const NO_FORMULA = {
  status: 1,
  stderr: 'Error: No available formula with the name "nope". Did you mean note?\n',
};

function provider(...answers: ConstructorParameters<typeof ScriptedManager>[0]) {
  const manager = new ScriptedManager(answers);
  return { manager, brew: new BrewProvider(manager, OWNER) };
}

Deno.test("formulae and casks, what is newer and what is pinned are told apart", async () => {
  const { brew } = provider(
    [/list --versions --formula/, { status: 1, stdout: "jq 1.5 1.6\nopenssl@3 3.3.0_1\n" }],
    [/list --versions --cask/, { stdout: "firefox 125.0\n" }],
    [/list --pinned/, { stdout: "jq 1.6\n" }],
    [/info/, { stdout: INFO }],
  );
  const names = ["example/tap/jq", "openssl@3", "wget", "firefox"];
  assert.deepEqual([...await brew.query(names, { candidates: "known", withHolds: true })], [
    ["example/tap/jq", { held: true, installed: "1.6", candidate: "1.7.1" }],
    ["openssl@3", { held: false, installed: "3.3.0_1", candidate: "3.3.0_1" }],
    ["wget", { held: false, candidate: "1.24.5_2" }],
    ["firefox", { held: false, installed: "125.0", candidate: "126.0" }],
  ]);
});

Deno.test("one unknown name does not hide what is known of the others", async () => {
  const one = JSON.stringify({
    formulae: [{ name: "jq", versions: { stable: "1.7.1" }, installed: [] }],
  });
  const { brew } = provider(
    [/info .* nope/, NO_FORMULA],
    [/info .* jq/, { stdout: one }],
  );
  const states = await brew.query(["jq", "nope"], { candidates: "known", withHolds: false });
  assert.deepEqual([...states], [["jq", { candidate: "1.7.1" }], ["nope", {}]]);
});

Deno.test("a pin is lifted for an upgrade and comes back; what is new is installed", async () => {
  const { manager, brew } = provider(
    [/list --versions --formula/, { status: 1, stdout: "jq 1.6\n" }],
    [/list --pinned/, { stdout: "jq\n" }],
  );
  await brew.install(["jq", "wget"]);
  const changes = manager.lines().filter((line) => /pin |install|upgrade/.test(line));
  assert.deepEqual(changes.map((line) => line.replace(OWNER.program, "brew")), [
    "brew unpin jq",
    "brew install wget",
    "brew upgrade jq",
    "brew pin jq",
  ]);
});

Deno.test("nothing is started as root, and nothing may ask", async () => {
  const { manager, brew } = provider();
  await brew.query(["jq"], { candidates: "fresh", withHolds: true }).catch(() => undefined);
  await brew.remove(["jq"]);
  assert.ok(manager.programs.length > 3);
  for (const { as, environment } of manager.programs) {
    assert.deepEqual([as?.uid, environment?.HOME], [501, "/Users/ada"]);
    assert.equal(environment?.NONINTERACTIVE, "1");
  }
});

Deno.test("a brew that is broken blocks instead of looking empty", async () => {
  const broken = { status: 1, stderr: "Error: /opt/homebrew is not writable.\n" };
  const { brew } = provider([/list/, broken]);
  const query = brew.query(["jq"], { candidates: "none", withHolds: false });
  await assert.rejects(query, BlockedError);
});

const FAULTS = [
  "Error: Another active Homebrew update process is running.",
  "Error: Refusing to load formula own/tap/jq from untrusted tap own/tap.\nRun `brew trust own/tap` to trust it.",
  "Error: curl: (6) Could not resolve host: example.com",
];

for (const stderr of FAULTS) {
  Deno.test(`brew's "${stderr.split("\n")[0]}" blocks an installation`, async () => {
    const { brew } = provider([/ install /, { status: 1, stderr: `${stderr}\n` }]);
    await assert.rejects(brew.install(["jq"]), BlockedError);
  });
}

Deno.test("what is no description blocks, and no output makes the other parser throw", () => {
  assert.throws(() => parseBrewInfo("<html>", ["jq"]), BlockedError);
  assert.throws(() => parseBrewInfo('{"formulae": 1}', ["jq"]), BlockedError);
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assert.ok(parseBrewVersions(text, ["a"]) instanceof Map);
  }));
});
