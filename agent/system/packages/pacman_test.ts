import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockedError } from "../blocked_error.ts";
import { PacmanProvider, parsePacmanInfo, parsePacmanQuery } from "./pacman.ts";
import { ScriptedManager } from "./scripted_manager.ts";

/** What pacman 6.0.2 printed. */
const QUERY = {
  status: 1,
  stdout: "vigo-tiny 1.0-1\nvigo-two 1:1.0-1\n",
  stderr: "error: package 'nope' was not found\n",
};
const INFO = {
  status: 1,
  stdout: `Repository      : local0
Name            : vigo-tiny
Version         : 2.0-1
Description     : test
Depends On      : None
Build Date      : Tue Nov 14 22:13:20 2023

Repository      : other
Name            : vigo-tiny
Version         : 1.9-1

`,
  stderr: "error: package 'nope' was not found\n",
};
const LOCKED = {
  status: 1,
  stderr: "error: failed to init transaction (unable to lock database)\n" +
    "error: could not lock database: File exists\n" +
    "  if you're sure a package manager is not already\n" +
    "  running, you can remove /var/lib/pacman/db.lck\n",
};
const GONE = {
  status: 1,
  stderr: "error: failed retrieving file 'vigo-tiny-1.0-1-any.pkg.tar.gz' from disk : Couldn't " +
    "open file\nwarning: failed to retrieve some files\n" +
    "error: failed to commit transaction (download library error)\n",
};
const UNKNOWN = { status: 1, stderr: "error: target not found: nope\n" };

Deno.test("what is installed, newer and held is told apart; the first repository counts", async () => {
  const manager = new ScriptedManager([
    [/--query/, QUERY],
    [/--info/, INFO],
    [/pacman-conf/, { stdout: "vigo-two\nvigo-t?n*\n" }],
  ]);
  const names = ["vigo-tiny", "vigo-two", "nope"];
  const states = await new PacmanProvider(manager).query(names, {
    candidates: "known",
    withHolds: true,
  });
  assert.deepEqual([...states], [
    ["vigo-tiny", { held: true, installed: "1.0-1", candidate: "2.0-1" }],
    ["vigo-two", { held: true, installed: "1:1.0-1", candidate: "1:1.0-1" }],
    ["nope", { held: false }],
  ]);
});

Deno.test("any error but a package that is not known blocks", async () => {
  const broken = { status: 255, stderr: "error: failed to initialize alpm library\n" };
  const provider = new PacmanProvider(new ScriptedManager([[/--query/, broken]]));
  const query = provider.query(["x"], { candidates: "none", withHolds: false });
  await assert.rejects(query, BlockedError);
});

Deno.test("a package that the mirror has replaced is tried again with fresh lists", async () => {
  const manager = new ScriptedManager([[/--needed/, GONE, {}]]);
  await new PacmanProvider(manager).install(["vigo-tiny"], {});
  assert.deepEqual(
    manager.programs.map(({ argv }) => argv.filter((word) => /^--(?:sync|refresh)/.test(word))),
    [["--sync"], ["--sync", "--refresh"], ["--sync"]],
  );
});

const ENDS: readonly [{ status: number; stderr: string }, typeof BlockedError | typeof Error][] = [
  [LOCKED, BlockedError],
  [GONE, BlockedError],
  [UNKNOWN, Error],
];

for (const [answer, kind] of ENDS) {
  Deno.test(`"${answer.stderr.split("\n")[0]}" is a ${kind.name}`, async () => {
    const provider = new PacmanProvider(new ScriptedManager([[/--needed/, answer]]));
    await assert.rejects(provider.install(["nope"], {}), { name: kind.name });
  });
}

Deno.test("no output of pacman makes a parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assert.ok(parsePacmanInfo(text) instanceof Map && parsePacmanQuery(text) instanceof Map);
  }));
});
