import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockedError } from "../blocked_error.ts";
import { ApkProvider, parseApkInstalled, parseApkPins, parseApkSimulation } from "./apk.ts";
import { ScriptedManager } from "./scripted_manager.ts";

/** Names and versions of Alpine in the form of the recordings; tags and pins of others are not in those. */
const SIMULATION = `(1/3) Installing pcre (8.45-r3)
(2/3) Upgrading nginx (1.24.0-r6 -> 1.24.0-r7)
(3/3) Installing tool@edge (2.0_rc1-r0)
OK: 10 MiB in 17 packages
`;
const UNKNOWN = {
  status: 1,
  stderr:
    "ERROR: unable to select packages:\n  nope (no such package):\n    required by: world[nope]\n",
};
const INSTALLED = { status: 1, stdout: "nginx-1.24.0-r6\nnginx-mod-http-echo-1.24.0-r6\n" };

/** An Alpine with this world file. */
function withWorld(world: string, ...answers: ConstructorParameters<typeof ScriptedManager>[0]) {
  const manager = new ScriptedManager([...answers, [/ info /, INSTALLED]]);
  const file = { kind: "file", mode: 0o644, uid: 0, gid: 0, sizeBytes: 1, stamp: "" } as const;
  const provider = new ApkProvider(manager, {
    inspect: (path) => Promise.resolve(path === "/etc/apk/world" ? file : undefined),
    read: () => Promise.resolve(new TextEncoder().encode(world)),
  }, "/etc");
  const changes = () =>
    manager.programs.map(({ argv }) => argv.slice(argv.indexOf("60") + 1).join(" ")).filter((
      line,
    ) => !line.startsWith("info"));
  return { provider, changes };
}

Deno.test("what is installed, newer, new and held is told apart", async () => {
  const { provider } = withWorld("alpine-base nginx=1.24.0-r6\n", [/--simulate/, {
    stdout: SIMULATION,
  }]);
  const states = await provider.query(["nginx", "pcre", "nginx-mod-http-echo"], {
    candidates: "known",
    withHolds: true,
  });
  assert.deepEqual([...states], [
    ["nginx", { held: true, installed: "1.24.0-r6", candidate: "1.24.0-r7" }],
    ["pcre", { held: false, candidate: "8.45-r3" }],
    ["nginx-mod-http-echo", { held: false, installed: "1.24.0-r6", candidate: "1.24.0-r6" }],
  ]);
});

Deno.test("a held package is held at its new version after an upgrade", async () => {
  const { provider, changes } = withWorld("nginx=1.24.0-r6");
  await provider.install(["nginx", "pcre"], {});
  assert.deepEqual(changes(), ["add --upgrade nginx pcre", "add nginx=1.24.0-r6"]);
});

Deno.test("a version is installed without leaving a hold that nobody asked for", async () => {
  const { provider, changes } = withWorld("nginx");
  await provider.install(["nginx"], { version: "1.24.0-r5" });
  assert.deepEqual(changes(), ["add --upgrade nginx=1.24.0-r5", "add nginx"]);
});

Deno.test("what other packages need is not removed, and that is said", async () => {
  const needed = {
    stdout: "World updated, but the following packages are not removed due to:\n  nginx: web\n",
  };
  const { provider } = withWorld("nginx", [/ del /, needed]);
  await assert.rejects(provider.remove(["nginx"]), /Cannot remove nginx: .*not removed due to/s);
});

Deno.test("lists are fetched for the latest once a day, and for what they do not know", async () => {
  const { provider, changes } = withWorld("", [/ add /, UNKNOWN, {}]);
  await provider.install(["nope"], {});
  assert.deepEqual(changes(), [
    "add --upgrade nope",
    "update --force-refresh",
    "add --upgrade nope",
  ]);
  const fresh = withWorld("");
  for (const _ of [1, 2]) {
    await fresh.provider.query(["nginx"], { candidates: "fresh", withHolds: false });
  }
  assert.equal(fresh.changes().filter((line) => line.startsWith("update")).length, 1);
});

Deno.test("lists of which one could not be had do not say what the latest is", async () => {
  const { provider } = withWorld("nginx", [/ update /, {
    stdout: "OK: 2 distinct packages available\n",
    stderr: "WARNING: opening /srv/packages: No such file or directory\n",
  }]);
  const query = provider.query(["nginx"], { candidates: "fresh", withHolds: false });
  await assert.rejects(query, { name: "BlockedError", message: /No such file or directory/ });
});

/** apk 2.14.10 and 3.0.6 said the first ten so; the network, the keys and the database were as they say. */
const ENDS: readonly [text: string, name: string][] = [
  ["ERROR: Unable to lock database: Interrupted system call", "BlockedError"],
  ["ERROR: Unable to read database state: database file format error", "BlockedError"],
  ["ERROR: Unable to read database: v2 database format error", "BlockedError"],
  ["ERROR: nginx-1.24.0-r7: could not connect to server (check repositories file)", "BlockedError"],
  ["ERROR: nginx-1.24.0-r7: temporary error (try again later)", "BlockedError"],
  ["ERROR: nginx-1.24.0-r7: Connection refused", "BlockedError"],
  ["ERROR: nginx-1.24.0-r7: DNS: transient error (try again later)", "BlockedError"],
  ["ERROR: nginx-1.24.0-r7: HTTP 404: Not Found", "BlockedError"],
  ["ERROR: nginx-1.24.0-r7: UNTRUSTED signature", "BlockedError"],
  [UNKNOWN.stderr, "Error"],
  ["ERROR: nginx-1.24.0-r7: BAD signature", "BlockedError"],
  ["ERROR: nginx-1.24.0-r7: TLS: server certificate not trusted", "BlockedError"],
  ["ERROR: nginx-1.24.0-r7: HTTP 503: Service Unavailable", "BlockedError"],
];

for (const [stderr, name] of ENDS) {
  Deno.test(`apk's "${stderr.split("\n")[0]}" is a ${name}`, async () => {
    const { provider } = withWorld("", [/ add /, { status: 1, stderr }]);
    await assert.rejects(provider.install(["nginx"], {}), { name });
  });
}

Deno.test("a database that cannot be read blocks instead of looking empty", async () => {
  const broken = {
    status: 99,
    stderr: "ERROR: Unable to read database: v2 database format error\n" +
      "ERROR: Failed to open apk database: v2 database format error\n",
  };
  const { provider } = withWorld("", [/ info /, broken]);
  const query = provider.query(["nginx"], { candidates: "none", withHolds: false });
  await assert.rejects(query, BlockedError);
});

Deno.test("names with dashes and digits are told by those that were asked for", () => {
  const text = "py3-3-1.0-r0\npy3-2.0-r1\nlua5.4-5.4.6-r2\n";
  assert.deepEqual([...parseApkInstalled(text, ["py3", "py3-3", "lua5.4", "lua"])], [
    ["py3-3", "1.0-r0"],
    ["py3", "2.0-r1"],
    ["lua5.4", "5.4.6-r2"],
  ]);
});

Deno.test("only an exact version in the world is a hold", () => {
  const world = "a=1-r0 b@edge=2-r0 c~=1 d>1 e<2 !f g @h\n";
  assert.deepEqual([...parseApkPins(world)], ["a", "b"]);
});

Deno.test("no output of apk makes a parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assert.ok(parseApkInstalled(text, ["a", ""]) instanceof Map);
    assert.ok(parseApkSimulation(text) instanceof Map && parseApkPins(text) instanceof Set);
  }));
});
