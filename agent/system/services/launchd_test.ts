import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeProcesses } from "../fake_processes.ts";
import type { Entry } from "../files.ts";
import { LaunchdManager, parseDisabled, parseLaunchdJob } from "./launchd.ts";

/**
 * A job as macOS 13 to 26 print it. No Mac was at hand to record one: the shape is that of eight answers which people have
 * published, most of them in part; the values are our own.
 *
 * @param end The line on how its last run ended.
 */
function printed(state: string, properties: string, end = "last exit code = (never exited)") {
  return `system/com.example.web = {
	active count = 1
	path = /Library/LaunchDaemons/com.example.web.plist
	type = LaunchDaemon
	state = ${state}

	program = /usr/local/bin/web
	arguments = {
		/usr/local/bin/web
		--listen
	}

	default environment = {
		PATH => /usr/bin:/bin:/usr/sbin:/sbin
	}

	environment = {
		OSLogRateLimit => 64
		XPC_SERVICE_NAME => com.example.web
	}

	domain = system
	minimum runtime = 10
	exit timeout = 5
	runs = 1
	immediate reason = speculative
	forks = 0
	execs = 1
	initialized = 1
	${end}

	semaphores = {
		successful exit => 0
	}

	event triggers = {
		com.example.web.268435470 => {
			keepalive = 0
			stream = com.apple.launchd.calendarinterval
			descriptor = {
				"Minute" => 0
			}
		}
	}

	resource coalition = {
		ID = 1021
		type = resource
		state = active
		active count = 1
		name = com.example.web
	}

	spawn type = daemon (3)
	jetsam priority = 40
	jetsam memory limit (active) = (unlimited)
	jetsamproperties category = daemon
	probabilistic guard malloc policy = {
		activation rate = 1/1000
		sample rate = 1/0
	}

	properties = ${properties}
}
`;
}

/** On older systems a `true` stands for `disabled`. */
const DISABLED = `	disabled services = {
		"com.apple.smbd" => disabled
		"com.example.old" => true
		"com.example.web" => enabled
		"com.example.new" => false
	}
	login item associations = {
	}
`;

const FILE: Entry = { kind: "file", mode: 0o644, uid: 0, gid: 0, sizeBytes: 1, stamp: "" };

/** A Mac on which these daemons have a file, and these are loaded; one that is told to leave is seen that often after it. */
function withJobs(
  files: readonly string[],
  jobs: Readonly<Record<string, string>>,
  { bootout = 0, lingers = 0 } = {},
) {
  let looksLeft = Infinity;
  const processes = new FakeProcesses(({ argv: [, verb, target = ""] }) => {
    if (verb === "print-disabled") return { stdout: DISABLED };
    if (verb === "bootout") looksLeft = lingers;
    if (verb !== "print") return { status: verb === "bootout" ? bootout : 0 };
    const stdout = looksLeft-- > 0 ? jobs[target.replace("system/", "")] : undefined;
    return stdout === undefined
      ? { status: 113, stderr: `Bad request.\nCould not find service "x" in domain for system\n` }
      : { stdout };
  });
  const isThere = (path: string) =>
    files.some((label) => path === `/Library/LaunchDaemons/${label}.plist`);
  const inspect = (path: string) => Promise.resolve(isThere(path) ? FILE : undefined);
  const manager = new LaunchdManager(processes, { inspect }, () => Promise.resolve());
  const changes = () =>
    processes.programs.map(({ argv }) => argv.slice(1).join(" ")).filter((line) =>
      !line.startsWith("print")
    );
  return { manager, changes };
}

const WEB = "com.example.web";

const KEPT = "partial import | keepalive | runatload | inferred program";
const ONCE = "runatload | inferred program";
const STATES: readonly [job: string | undefined, running: boolean, detail: string][] = [
  [printed("running", KEPT), true, "running"],
  [printed("running", KEPT, "last terminating signal = Terminated: 15"), true, "running"],
  [printed("not running", KEPT, "last exit code = 78: EX_CONFIG"), false, "not running"],
  [printed("spawn scheduled", KEPT, "last exit code = 1"), false, "spawn scheduled"],
  [printed("not running", ONCE, "last exit code = 0"), true, "not running"],
  [printed("not running", ONCE, "last exit code = 1"), false, "not running"],
  [printed("not running", ONCE, "last terminating signal = Killed: 9"), false, "not running"],
  [
    printed(
      "not running",
      "supports pressured exit | system service",
      "last exit reason = JETSAM_REASON_MEMORY_IDLE_EXIT",
    ),
    true,
    "not running",
  ],
  [
    printed("not running", ONCE, "last exit reason = JETSAM_REASON_MEMORY_PERPROCESSLIMIT"),
    false,
    "not running",
  ],
  [printed("not running", "inferred program"), true, "not running"],
  [undefined, false, "not loaded"],
];

for (const [job, running, detail] of STATES) {
  const words = job === undefined ? "no job" : JSON.stringify(parseLaunchdJob(job));
  Deno.test(`${words} is running: ${running}`, async () => {
    const { manager } = withJobs([WEB], job === undefined ? {} : { [WEB]: job });
    assert.deepEqual(await manager.inspect(WEB), { known: true, running, enabled: true, detail });
  });
}

Deno.test("a label without a job and a file is not known, and a disabled one is seen", async () => {
  const { manager } = withJobs(["com.example.old"], {});
  assert.deepEqual(await manager.inspect("com.example.ghost"), { known: false });
  assert.deepEqual(await manager.inspect("com.example.old"), {
    known: true,
    running: false,
    enabled: false,
    detail: "not loaded, disabled",
  });
});

Deno.test("a daemon is loaded from its file, or started where it is loaded", async () => {
  const fresh = withJobs([WEB], {});
  await fresh.manager.act(WEB, "start");
  assert.deepEqual(fresh.changes(), [
    "bootstrap system /Library/LaunchDaemons/com.example.web.plist",
  ]);
  const loaded = withJobs([WEB], { [WEB]: printed("not running", ONCE, "last exit code = 1") });
  for (const action of ["start", "restart", "reload", "enable", "stop"] as const) {
    await loaded.manager.act(WEB, action);
  }
  assert.deepEqual(loaded.changes(), [
    `kickstart system/${WEB}`,
    `kickstart -k system/${WEB}`,
    `kill SIGHUP system/${WEB}`,
    `enable system/${WEB}`,
    `bootout system/${WEB}`,
  ]);
});

Deno.test("a daemon has been stopped once launchd has forgotten it, however bootout put it", async () => {
  const jobs = { [WEB]: printed("running", KEPT) };
  for (const bootout of [0, 36, 3]) {
    const { manager } = withJobs([WEB], jobs, { bootout, lingers: 5 });
    await manager.act(WEB, "stop");
    const status = await manager.inspect(WEB);
    assert.equal(status.known && status.detail, "not loaded");
  }
  const stuck = withJobs([WEB], jobs, { lingers: Infinity }).manager;
  await assert.rejects(stuck.act(WEB, "stop"), /has not unloaded "com.example.web" a minute after/);
  const refused = withJobs([WEB], jobs, { bootout: 1 }).manager;
  await assert.rejects(refused.act(WEB, "stop"), /bootout .* ended with status 1/);
});

Deno.test("a daemon has been restarted once it runs again, or has had its time to", async () => {
  const scheduled = printed("spawn scheduled", KEPT, "last terminating signal = Terminated: 15");
  const running = printed("running", KEPT);
  const restart = async (looksUntilRunning: number) => {
    let waits = 0;
    const processes = new FakeProcesses(() => ({
      stdout: waits < looksUntilRunning ? scheduled : running,
    }));
    const wait = () => Promise.resolve(void waits++);
    await new LaunchdManager(processes, { inspect: () => Promise.resolve(FILE) }, wait)
      .act(WEB, "restart");
    return waits;
  };
  assert.equal(await restart(2), 2);
  assert.equal(await restart(Infinity), 15);
});

Deno.test("a daemon that is disabled is not loaded, and it is said what to do", async () => {
  const { manager, changes } = withJobs(["com.example.old"], {});
  await assert.rejects(manager.act("com.example.old", "start"), /set enabled: true/);
  assert.deepEqual(changes(), []);
});

Deno.test("no output of launchctl makes a parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assert.ok(
      parseDisabled(text) instanceof Set && typeof parseLaunchdJob(text).state === "string",
    );
  }));
});
