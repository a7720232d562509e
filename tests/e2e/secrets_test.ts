import assert from "node:assert/strict";
import { join } from "node:path";
import { runReportSchema } from "../../shared/config/run_report.ts";
import { auditList } from "../../shared/rest/audit.ts";
import { configPublish } from "../../shared/rest/config.ts";
import { runList, runShow } from "../../shared/rest/runs.ts";
import { secretList, secretReveal, secretRotate, secretShow } from "../../shared/rest/secrets.ts";
import { programCommand } from "../support/run_program.ts";
import { eventually } from "../support/eventually.ts";
import { findBytes } from "../support/find_bytes.ts";
import { runCommand } from "../support/run_command.ts";
import { ENVIRONMENT, type FleetHost, TestFleet } from "../support/test_fleet.ts";

const DEADLINE_MS = 180_000;
/** A password that every quoting would write differently, and a key of several lines. */
const PASSWORDS = [`zebra&"quoted'-first`, `zebra&"quoted'-second`] as const;
const KEY =
  "-----BEGIN KEY-----\nZmlyc3QtbGluZS1vZi1rZXk\nc2Vjb25kLWxpbmUtb2Yta2V5\n-----END KEY-----\n";
const ACCOUNT = "account-password-4711";
/** What would give any of them away: pieces that each form of them holds. */
const TRACES = [
  "zebra",
  "emVicm",
  "ZmlyY3QtbGlu",
  "Zmlyc3QtbGluZS1vZi1rZXk",
  "c2Vjb25kLWxpbmUtb2Yta2V5",
  ACCOUNT,
  btoa(ACCOUNT).slice(0, 20),
];

function managed(host: FleetHost, name = ""): string {
  return join(host.root, "managed", name);
}

/** Stacks in which a secret is the content of a file, in a template, a password, an environment, and in what fails. */
function stacks(host: FleetHost): Record<string, string> {
  return {
    "envoys.vgo": 'envoys:\n  - match: "web-1"\n    configcrates: [secretive]\n',
    "configcrates/secretive.vgo": `
name: secretive
vars:
  password: secret:db/password
resources:
  - directory: ${managed(host)}
  - file: ${managed(host, "key.pem")}
    mode: "0600"
    content: secret:tls/key
  - file: ${managed(host, "app.conf")}
    mode: "0600"
    source: templates/app.conf
  - user: app
    password: secret:app/account
    create_home: false
  - exec: use it
    command: printf %s "$DB_PASSWORD" > ${managed(host, "used")}
    unless: test "$(cat ${managed(host, "used")})" = "$DB_PASSWORD"
    environment:
      DB_PASSWORD: secret:db/password
  - exec: fail with it
    command: echo "cannot log in with $DB_PASSWORD" >&2; exit 3
    environment:
      DB_PASSWORD: "{{ vars.password }}"
  - file: ${managed(host, "refused")}
    content: "{{ vars.password }}"
    validate: cat % >&2; false
`,
    "templates/app.conf":
      "user=app\npassword={{ vars.password }}\nauth={{ vars.password | base64_encode }}\nport=1\n",
  };
}

async function set(fleet: TestFleet, path: string, value: string): Promise<void> {
  const args = programCommand("vigocli", fleet.cliArguments("secrets", "set", path, "--stdin"));
  const { code, stdout, stderr } = await runCommand(Deno.execPath(), args, {
    env: ENVIRONMENT,
    stdin: value,
  });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Secret \S+ is set, version \d+\n$/);
}

async function holdsPassword(host: FleetHost, password: string): Promise<void> {
  const expected = `user=app\npassword=${password}\nauth=${btoa(password)}\nport=1\n`;
  await eventually(
    "app.conf holds the password",
    async () => await Deno.readTextFile(managed(host, "app.conf")) === expected,
    DEADLINE_MS,
  );
  await eventually(
    "the command had it in its environment",
    async () => await Deno.readTextFile(managed(host, "used")) === password,
    DEADLINE_MS,
  );
}

/** Everything that the API says of runs, policy, envoys, audit and secrets, as text. */
async function everythingSaid(fleet: TestFleet): Promise<string> {
  const { runs } = await fleet.ask(runList, "runs", "list");
  const answers = await Promise.all(runs.map(({ runId }) => fleet.api(`/runs/${runId}`)));
  const said = await Promise.all([
    fleet.cli("runs", "show", runs.at(-1)?.runId ?? ""),
    fleet.cli("envoys", "show", "web-1", "--json"),
    fleet.cli("config", "diff", "web-1"),
    fleet.cli("config", "history", "--json"),
    fleet.cli("audit", "list", "--json"),
    fleet.cli("secrets", "list", "--json"),
    fleet.cli("secrets", "list"),
    fleet.cli("secrets", "get", "db/password"),
  ]);
  return [...answers.map(({ text }) => text), ...said].join("\n");
}

/** The command lines and names of every process of this machine. */
async function commandLines(): Promise<string> {
  const lines: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // Processes come and go.
    lines.push(await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => ""));
  }
  return lines.join("\n");
}

Deno.test("secrets reach the machine, and no log, database, report, answer or argument on the way", async (t) => {
  const options = { sections: { log: { level: "debug" } } };
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    const web = fleet.host("web-1");
    // What follows needs what went before, so the first failure ends the story.
    const step = async (name: string, perform: () => Promise<void>) => {
      if (!await t.step(name, perform)) throw new Error(`the story ended at: ${name}`);
    };
    /** What processes printed, those that have ended too. */
    const logs: string[] = [];
    const keepLogs = () => {
      logs.push(fleet.server.output(), fleet.agent("web-1").output());
    };
    const isQuiet = async () => {
      keepLogs();
      const places = {
        "a log": logs.join("\n"),
        "an answer": await everythingSaid(fleet),
        "a command line": await commandLines(),
      };
      for (const [place, text] of Object.entries(places)) {
        for (const trace of TRACES) assert.equal(text.includes(trace), false, `${place}: ${trace}`);
      }
      const parent = join(fleet.hub.root, "..");
      assert.deepEqual(await findBytes(parent, TRACES, new Set([managed(web)])), []);
    };

    await step("an account file, an agent that logs everything, and secrets", async () => {
      await Deno.mkdir(join(web.root, "etc"), { recursive: true });
      await Deno.writeTextFile(join(web.root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
      await Deno.writeTextFile(join(web.root, "etc/group"), "root:x:0:\n");
      await Deno.writeTextFile(join(web.root, "etc/shadow"), "root:*:20000:0:99999:7:::\n");
      await fleet.enrol(web);
      const config = join(web.root, "etc/vigo-envoy/config");
      await Deno.writeTextFile(
        config,
        `${await Deno.readTextFile(config)}\nlog:\n  level: debug\n`,
      );
      await set(fleet, "db/password", `${PASSWORDS[0]}\n`);
      await set(fleet, "tls/key", KEY);
      await set(fleet, "app/account", ACCOUNT);
      const { secrets } = await fleet.ask(secretList, "secrets", "list");
      assert.deepEqual(secrets.map(({ path, version }) => [path, version]), [
        ["app/account", 1],
        ["db/password", 1],
        ["tls/key", 1],
      ]);
      await fleet.startAgent(web);
    });

    await step("the machine gets them where the policy names them", async () => {
      await fleet.stage(stacks(web));
      const { published } = await fleet.ask(configPublish, "config", "publish");
      assert.equal(published, true);
      // Its status says that two resources failed, as they should.
      await fleet.tryCli("envoys", "push", "--target", "web-1");
      await holdsPassword(web, PASSWORDS[0]);
      assert.equal(await Deno.readTextFile(managed(web, "key.pem")), KEY);
      assert.match(await Deno.readTextFile(join(web.root, "etc/shadow")), /^app:\$6\$/m);
    });

    await step("what changed and what failed is told with the secrets masked", async () => {
      const report = await eventually("the first run is reported", async () => {
        const { runs } = await fleet.ask(runList, "runs", "list", "--host", "web-1");
        const first = runs.at(-1);
        return first && (await fleet.ask(runShow, "runs", "show", first.runId)).report;
      }, DEADLINE_MS);
      const of = (id: string) => {
        const found = runReportSchema.parse(report).resources.find((each) => each.id === id);
        return `${found?.outcome} ${found?.diff ?? ""} ${found?.reason ?? ""}`;
      };
      assert.match(of(`file:${managed(web, "app.conf")}`), /\+password=«secret»\n\+auth=«secret»/);
      assert.match(of(`file:${managed(web, "key.pem")}`), /^created .*«secret»/s);
      assert.match(of("exec:fail with it"), /^failed .*cannot log in with «secret»/s);
      assert.match(of(`file:${managed(web, "refused")}`), /^failed .*«secret»/s);
      assert.match(of("user:app"), /^created .*→ «secret»/s);
      await isQuiet();
    });

    await step("a changed secret is there at once, and the diff shows neither value", async () => {
      await set(fleet, "db/password", PASSWORDS[1]);
      await holdsPassword(web, PASSWORDS[1]);
      await eventually("the change is reported", async () => {
        const { runs } = await fleet.ask(runList, "runs", "list", "--host", "web-1");
        for (const { runId } of runs) {
          const shown = await fleet.cli("runs", "show", runId);
          if (shown.includes("-«secret»")) return true;
        }
        return false;
      }, DEADLINE_MS);
      await isQuiet();
    });

    await step("getting a value is an audited act; looking at it is not", async () => {
      const shown = await fleet.ask(secretShow, "secrets", "get", "db/password");
      assert.equal(shown.version, 2);
      const revealed = await fleet.ask(secretReveal, "secrets", "get", "db/password", "--reveal");
      assert.equal(revealed.value, PASSWORDS[1]);
      assert.equal(await fleet.cli("secrets", "get", "tls/key", "--reveal"), KEY);
      const { records } = await fleet.ask(auditList, "audit", "list");
      const acts = records.map(({ action, payload }) => `${action} ${payload["path"] ?? ""}`);
      assert.deepEqual(acts.filter((act) => act.startsWith("secret.reveal")), [
        "secret.reveal tls/key",
        "secret.reveal db/password",
      ]);
      await isQuiet();
    });

    await step("mistakes on the command line say what to do and show nothing", async () => {
      const fails = async (status: number, message: RegExp, ...args: string[]) => {
        const { code, stderr } = await fleet.tryCli("secrets", ...args);
        assert.equal(code, status, stderr);
        assert.match(stderr, message);
        assert.doesNotMatch(stderr.trimEnd(), /\n/);
      };
      await fails(1, /There is no secret "no\/such"/, "get", "no/such");
      await fails(2, /--stdin/, "set", "db/password");
      await fails(2, /too many arguments|unexpected/i, "set", "db/password", "value");
      await fails(2, /the value is empty/, "set", "db/password", "--stdin");
      await fails(1, /secrets set db\/password/, "rotate", "db/password");
      await fails(2, /--all/, "rotate");
      await fails(2, /names joined by/, "get", "../master.key");
      // The path, and not the input that is empty here.
      await fails(2, /"\.\.\/x".*names joined by/, "set", "../x", "--stdin");
      await fails(1, /Did you mean "db\/password"\?/, "get", "db/pasword");
    });

    await step("generated secrets rotate, chosen ones keep their value", async () => {
      await fleet.cli("secrets", "set", "app/session", "--generate", "--length", "40");
      const value = async () =>
        (await fleet.ask(secretReveal, "secrets", "get", "app/session", "--reveal")).value;
      const before = await value();
      assert.match(before, /^[A-Za-z0-9]{40}$/);
      const { rotated, kept } = await fleet.ask(secretRotate, "secrets", "rotate", "--all");
      assert.deepEqual(rotated.map(({ path }) => path), ["app/session"]);
      assert.deepEqual(kept.map(({ path }) => path), ["app/account", "db/password", "tls/key"]);
      assert.notEqual(await value(), before);
    });

    await step("a secret that is deleted leaves the machine as it is, and unknown", async () => {
      const used = await fleet.tryCli("secrets", "delete", "tls/key");
      assert.equal(used.code, 1, used.stderr);
      assert.match(used.stderr, /names it, for .*add --force/);
      await fleet.cli("secrets", "delete", "tls/key", "--force");
      const { report } = await dryRun(fleet, web, "tls/key");
      const file = report.resources.find(({ id }) => id === `file:${managed(web, "key.pem")}`);
      assert.equal(file?.outcome, "unknown");
      assert.match(file?.reason ?? "", /secret "tls\/key" does not exist on the server/);
      assert.equal(await Deno.readTextFile(managed(web, "key.pem")), KEY);
    });

    await step(
      "an agent that starts without the server has none, and writes nothing empty",
      async () => {
        keepLogs();
        await fleet.stopAgent(web);
        await fleet.stopServer();
        await Deno.remove(managed(web, "app.conf"));
        const { report } = await dryRun(fleet, web, "offline");
        const file = report.resources.find(({ id }) => id === `file:${managed(web, "app.conf")}`);
        assert.deepEqual([file?.outcome, file?.reason], [
          "unknown",
          "secret not available offline",
        ]);
        await fleet.vigo(web, ["run", "--once"]);
        await assert.rejects(Deno.stat(managed(web, "app.conf")), Deno.errors.NotFound);
        assert.equal(await Deno.readTextFile(managed(web, "used")), PASSWORDS[1]);
        await fleet.startServer();
        await fleet.startAgent(web);
        await holdsPassword(web, PASSWORDS[1]);
        await isQuiet();
      },
    );
  }, options);
});

/** Asks the daemon, or the program itself if none runs, what a run would do, until its report mentions something. */
function dryRun(fleet: TestFleet, host: FleetHost, mentioned: string) {
  return eventually(`a dry run mentions ${mentioned}`, async () => {
    const { stdout } = await fleet.vigo(host, ["run", "--dry-run", "--once", "--json"]);
    const retry = stdout.trim() === ""
      ? await fleet.vigo(host, ["run", "--dry-run", "--json"])
      : undefined;
    const report = runReportSchema.parse(JSON.parse(retry?.stdout ?? stdout).report);
    return JSON.stringify(report).includes(mentioned) && { report };
  }, DEADLINE_MS);
}
