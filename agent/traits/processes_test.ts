import assert from "node:assert/strict";
import fc from "fast-check";
import { fakeSystem } from "./fake_system.ts";
import { parseProcStatus, parsePs, processes } from "./processes.ts";

const { signal } = new AbortController();
const status = (name: string, rssKib: number | undefined, state = "S (sleeping)") =>
  `Name:\t${name}\nUmask:\t0022\nState:\t${state}\nPid:\t7\n${
    rssKib === undefined ? "" : `VmRSS:\t  ${rssKib} kB\n`
  }Threads:\t1\n`;

Deno.test("processes are counted by name, without the kernel's threads", async () => {
  const system = fakeSystem({
    folders: { "/proc": ["1", "2", "30", "31", "32", "33", "self", "net"] },
    files: {
      "/proc/1/status": status("systemd", 12_288),
      "/proc/2/status": status("kthreadd", undefined),
      "/proc/30/status": status("nginx", 4_096),
      "/proc/31/status": status("nginx", 8_192),
      "/proc/32/status": status("gone", undefined, "Z (zombie)"),
      "/proc/33/status": new Deno.errors.PermissionDenied("os error 13"),
    },
  });
  assert.deepEqual(await processes.collect(system, signal), {
    total: 4,
    zombies: 1,
    by_name: { nginx: 2, gone: 1, systemd: 1 },
    omitted_names: 0,
    top_memory: [
      { name: "nginx", rss_mb: 12 },
      { name: "systemd", rss_mb: 12 },
      { name: "gone", rss_mb: 0 },
    ],
  });
});

Deno.test("the names with most processes are told, and how many more there are", async () => {
  const pids = Array.from({ length: 100 }, (_, index) => String(index + 1));
  const system = fakeSystem({
    folders: { "/proc": pids },
    files: Object.fromEntries(
      pids.map((pid) => [`/proc/${pid}/status`, status(`p${Math.floor(Number(pid) / 1.3)}`, 1)]),
    ),
  });
  const { by_name: byName, omitted_names: omitted } = Object(
    await processes.collect(system, signal),
  );
  assert.equal(Object.keys(byName).length, 48);
  assert.equal(omitted, new Set(pids.map((pid) => Math.floor(Number(pid) / 1.3))).size - 48);
});

Deno.test("a machine without processes is one that did not tell", async () => {
  await assert.rejects(processes.collect(fakeSystem(), signal), /which processes/);
});

Deno.test("what a process calls itself can be anything", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    parseProcStatus(text);
    parseProcStatus(`Name:\t${text}\nState:\t${text}\nVmRSS:\t${text} kB\n`);
    parsePs(text);
  }));
});
