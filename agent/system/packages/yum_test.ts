import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockedError } from "../blocked_error.ts";
import { ScriptedManager } from "./scripted_manager.ts";
import { parseYumList, parseYumLocks, YumProvider } from "./yum.ts";

/** Two sections in the form in which yum 3.4 prints them, with lines that do not fit; written after its documentation, not recorded. */
const LIST = `Installed Packages
nginx.x86_64                      1:1.20.1-9.el7                         @epel
java-1.8.0-openjdk-headless-debug-slowdebug.x86_64
                                  1:1.8.0.362.b08-1.el7_9                @updates
Available Packages
curl.x86_64                       7.29.0-59.el7_9.2                      updates
nginx.x86_64                      1:1.20.1-10.el7                        epel   
`;

Deno.test("the newest versions are read, also from lines that were broken", () => {
  const versions = parseYumList(LIST);
  assert.equal(versions.get("nginx"), "1:1.20.1-10.el7");
  assert.equal(versions.get("curl"), "7.29.0-59.el7_9.2");
  assert.equal(versions.get("curl.x86_64"), "7.29.0-59.el7_9.2");
  const java = "java-1.8.0-openjdk-headless-debug-slowdebug";
  assert.equal(versions.get(java), "1:1.8.0.362.b08-1.el7_9");
});

Deno.test("a newer version than the one that is asked for is downgraded", async () => {
  const manager = new ScriptedManager([
    [/^rpm/, { stdout: "nginx|x86_64|1|1.20.1|10.el7\n" }],
    [/versionlock/, { status: 1, stderr: "No such command: versionlock.\n" }],
  ]);
  await new YumProvider(manager, "/etc").install(["nginx"], { version: "1.20.1-9.el7" });
  assert.deepEqual(
    manager.lines().filter((line) => /install|downgrade/.test(line)),
    ["yum install nginx-1.20.1-9.el7", "yum downgrade nginx-1.20.1-9.el7"],
  );
});

Deno.test("packages that are nowhere have no candidate, and sources that cannot be read block", async () => {
  const query = (answer: { status: number; stderr: string }) =>
    new YumProvider(
      new ScriptedManager([
        [/^rpm/, { status: 1, stdout: "package nope is not installed\n" }],
        [/list/, answer],
      ]),
      "/etc",
    ).query(["nope"], { candidates: "known", withHolds: false });
  const nowhere = { status: 1, stderr: "Error: No matching Packages to list\n" };
  assert.deepEqual((await query(nowhere)).get("nope"), {});
  const broken = { status: 1, stderr: "Cannot retrieve repository metadata (repomd.xml)\n" };
  await assert.rejects(query(broken), BlockedError);
});

Deno.test("what is newer is seen of a package that is held, too", async () => {
  const lines = LIST.split("\n");
  const hidden = { stdout: lines.slice(0, lines.indexOf("Available Packages")).join("\n") };
  const manager = new ScriptedManager([
    [/^rpm/, { stdout: "nginx|x86_64|1|1.20.1|9.el7\n" }],
    [/versionlock list$/, { stdout: "1:nginx-1.20.1-9.el7.*\n" }],
    [/--disableplugin=versionlock list nginx/, { stdout: LIST }],
    [/ list nginx/, hidden],
  ]);
  const states = await new YumProvider(manager, "/etc")
    .query(["nginx"], { candidates: "known", withHolds: true });
  assert.deepEqual(states.get("nginx"), {
    held: true,
    installed: "1:1.20.1-9.el7",
    candidate: "1:1.20.1-10.el7",
  });
});

Deno.test("locks are read", () => {
  const text = "versionlock list done\n0:nginx-1.20.1-10.el7.*\n1:lib-x-2.0-1.*\n";
  assert.deepEqual([...parseYumLocks(text)], ["nginx", "lib-x"]);
});

Deno.test("no output of yum makes a parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assert.ok(parseYumList(text) instanceof Map && parseYumLocks(text) instanceof Set);
  }));
});
