import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeProcesses } from "../fake_processes.ts";
import type { Entry } from "../files.ts";
import { LaunchdManager, parseDisabled, parseLaunchdJob } from "./launchd.ts";

/**
 * A job as macOS 13 to 26 print it. No Mac was at hand to record one: the shape is that of a dozen answers which people have
 * published, the values are our own.
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

/** A Mac on which these daemons have a file, and these are loaded. */
function withJobs(files: readonly string[], jobs: Readonly<Record<string, string>>) {
  const processes = new FakeProcesses(({ argv: [, verb, target = ""] }) => {
    if (verb === "print-disabled") return { stdout: DISABLED };
    if (verb !== "print") return {};
    const stdout = jobs[target.replace("system/", "")];
    return stdout === undefined
      ? { status: 113, stderr: `Bad request.\nCould not find service "x" in domain for system\n` }
      : { stdout };
  });
  const isThere = (path: string) =>
    files.some((label) => path === `/Library/LaunchDaemons/${label}.plist`);
  const manager = new LaunchdManager(processes, {
    inspect: (path) => Promise.resolve(isThere(path) ? FILE : undefined),
  });
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
  for (const action of ["start", "restart", "reload", "stop", "enable"] as const) {
    await loaded.manager.act(WEB, action);
  }
  assert.deepEqual(loaded.changes(), [
    `kickstart system/${WEB}`,
    `kickstart -k system/${WEB}`,
    `kill SIGHUP system/${WEB}`,
    `bootout system/${WEB}`,
    `enable system/${WEB}`,
  ]);
});

Deno.test("no output of launchctl makes a parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assert.ok(
      parseDisabled(text) instanceof Set && typeof parseLaunchdJob(text).state === "string",
    );
  }));
});
