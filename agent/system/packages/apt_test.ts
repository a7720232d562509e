import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockedError } from "../blocked_error.ts";
import { FakeProcesses } from "../fake_processes.ts";
import { AptProvider } from "./apt.ts";
import { parseAptPolicy, parseBrokenPackages, parseDpkgQuery } from "./apt_output.ts";

/** A provider whose apt-get answers one after the other; what it was asked is `verb argument…`. */
function withAnswers(
  answers: readonly { status: number; stdout?: string; stderr?: string }[],
) {
  const queue = [...answers];
  const processes = new FakeProcesses(() => queue.shift() ?? { status: 0 });
  const asked = () =>
    processes.programs.map(({ argv }) =>
      argv.filter((word) => !word.startsWith("-") && !word.includes("::")).join(" ")
    );
  return { provider: new AptProvider(processes, "/etc"), asked };
}

const FAULTS = [
  "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (apt-get)",
  "E: You don't have enough free space in /var/cache/apt/archives/.",
  "E: Failed to fetch http://deb.example/x.deb  Could not connect to deb.example:80",
  "dpkg: error: cannot write: No space left on device",
  "E: The repository 'http://deb.example stable Release' is not signed.",
  "dpkg: error: dpkg frontend lock was locked by another process with pid 4711",
];

for (const stderr of FAULTS) {
  Deno.test(`apt blocks on "${stderr}"`, async () => {
    const { provider } = withAnswers([{ status: 100, stderr }]);
    await assert.rejects(provider.install(["nginx"], {}), BlockedError);
  });
}

Deno.test("a package that the lists do not know is tried again with fresh lists", async () => {
  const unknown = { status: 100, stderr: "E: Unable to locate package nginx" };
  const { provider, asked } = withAnswers([unknown, { status: 0 }, { status: 0 }]);
  await provider.install(["nginx"], {});
  assert.deepEqual(asked(), ["apt-get install nginx", "apt-get update", "apt-get install nginx"]);
});

Deno.test("a package that fresh lists do not know fails; lists that cannot be had block", async () => {
  const unknown = { status: 100, stderr: "E: Unable to locate package nginx" };
  const fresh = withAnswers([unknown, { status: 0 }, unknown]);
  await assert.rejects(fresh.provider.install(["nginx"], {}), /^Error: Cannot install nginx/);
  const offline = withAnswers([unknown, { status: 100, stderr: "no route" }, unknown]);
  await assert.rejects(offline.provider.install(["nginx"], {}), BlockedError);
});

Deno.test("a version is asked for by its exact name", async () => {
  const { provider, asked } = withAnswers([]);
  await provider.install(["nginx"], { version: "1.24.0-1" });
  assert.deepEqual(asked(), ["apt-get install nginx=1.24.0-1"]);
});

Deno.test("a package that somebody else broke blocks, and one that is broken itself fails", async () => {
  const stderr = "dpkg: error processing package other:amd64 (--configure):\n" +
    " other package post-installation script subprocess returned error exit status 1\n" +
    "E: Sub-process /usr/bin/dpkg returned an error code (1)\n";
  const install = (name: string) =>
    withAnswers([{ status: 100, stderr }]).provider.install([name], {});
  await assert.rejects(install("nginx"), BlockedError);
  await assert.rejects(install("nginx"), /dpkg cannot finish other; repair with "dpkg --configure/);
  await assert.rejects(install("other"), { name: "Error" });
});

Deno.test("a package that would take the place of others fails, and names them", async () => {
  const stdout = "The following packages were automatically installed:\n  libx\n" +
    "The following packages will be REMOVED:\n  systemd-timesyncd old*\n  older\n" +
    "The following NEW packages will be installed:\n  chrony\n";
  const stderr = "E: Packages need to be removed but remove is disabled.\n";
  const { provider } = withAnswers([{ status: 100, stdout, stderr }]);
  await assert.rejects(provider.install(["chrony"], {}), {
    name: "Error",
    message: /^Cannot install chrony: apt would remove systemd-timesyncd, old, older for it\. If/,
  });
});

Deno.test("packages that lack what they depend on block, and say how to repair them", async () => {
  const stderr = "E: Unmet dependencies. Try 'apt --fix-broken install' with no packages\n";
  const { provider } = withAnswers([{ status: 100, stderr }]);
  await assert.rejects(provider.install(["nginx"], {}), {
    name: "BlockedError",
    message: /repair with "apt-get --fix-broken install"/,
  });
});

Deno.test("an interrupted dpkg that cannot be finished blocks, and says how to repair it", async () => {
  const stderr = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'\n";
  const { provider, asked } = withAnswers([{ status: 100, stderr }, { status: 1 }]);
  await assert.rejects(provider.install(["nginx"], {}), {
    name: "BlockedError",
    message: /repair it with "dpkg --configure --pending"/,
  });
  assert.equal(asked().at(-1), "dpkg");
});

Deno.test("several packages are installed in one transaction that removes none and asks nothing", async () => {
  const processes = new FakeProcesses(() => ({}));
  await new AptProvider(processes, "/etc").install(["nginx", "curl"], {});
  const [install, ...others] = processes.programs;
  assert.deepEqual(others, []);
  const words: readonly string[] = install?.argv ?? [];
  assert.deepEqual(words.slice(-2), ["nginx", "curl"]);
  for (const option of ["--no-remove", "--yes", "--option=DPkg::Lock::Timeout=60"]) {
    assert.ok(words.includes(option), option);
  }
  assert.equal(install?.environment?.DEBIAN_FRONTEND, "noninteractive");
  assert.equal(install?.environment?.LC_ALL, "C");
});

Deno.test("lists are fetched once a day for the latest, and never for what is only to be there", async () => {
  const processes = new FakeProcesses(() => ({}));
  let now = 0;
  const provider = new AptProvider(processes, "/etc", { nowMs: () => now });
  const updates = () => processes.programs.filter(({ argv }) => argv.includes("update")).length;
  const look = (candidates: "known" | "fresh") =>
    provider.query(["nginx"], { candidates, withHolds: false });
  await look("known");
  assert.equal(updates(), 0);
  await look("fresh");
  await look("fresh");
  assert.equal(updates(), 1);
  now = 24 * 3_600_000;
  await look("fresh");
  assert.equal(updates(), 2);
});

Deno.test("lists that cannot be fetched do not say what the newest version is", async () => {
  const { provider } = withAnswers([{ status: 100, stderr: "no route" }]);
  const query = provider.query(["nginx"], { candidates: "fresh", withHolds: false });
  await assert.rejects(query, BlockedError);
});

Deno.test("dpkg's half-done states are not installed, and holds are seen", () => {
  const states = parseDpkgQuery(
    "curl\tamd64\tinstall\tinstalled\t8.0\nnginx\tamd64\thold\tinstalled\t1.2\n" +
      "old\tamd64\tdeinstall\tconfig-files\t1\nlibx\ti386\tinstall\tinstalled\t1\nlibx\tamd64\tinstall\tunpacked\t2\n",
  );
  assert.deepEqual(states.get("curl"), { held: false, installed: "8.0" });
  assert.deepEqual(states.get("nginx"), { held: true, installed: "1.2" });
  assert.deepEqual(states.get("old"), { held: false });
  assert.deepEqual(states.get("libx"), { held: false, installed: "1" });
  assert.deepEqual(states.get("libx:amd64"), { held: false, halfInstalled: true });
});

Deno.test("candidates are read from apt's policy", () => {
  const policy = "nginx:\n  Installed: (none)\n  Candidate: 1.22.1-9\n  Version table:\n" +
    "     1.22.1-9 500\ngone:\n  Installed: 1\n  Candidate: (none)\n";
  assert.deepEqual([...parseAptPolicy(policy)], [["nginx", "1.22.1-9"]]);
});

Deno.test("no output of apt or dpkg makes a parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assert.ok(parseAptPolicy(text) instanceof Map && parseDpkgQuery(text) instanceof Map);
    assert.ok(Array.isArray(parseBrokenPackages(text)));
  }));
});
