import assert from "node:assert/strict";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { parse, stringify } from "yaml";
import { auditVerify } from "../../shared/rest/audit.ts";
import { envoyList } from "../../shared/rest/envoys.ts";
import { runList } from "../../shared/rest/runs.ts";
import { programCommand } from "../support/run_program.ts";
import { eventually } from "../support/eventually.ts";
import { type CommandResult, runCommand } from "../support/run_command.ts";
import { ENVIRONMENT, TestFleet } from "../support/test_fleet.ts";
import { TestPostgres } from "../support/test_postgres.ts";

const DEADLINE_MS = 180_000;

Deno.test("a fleet goes on after its server was restored, and after its database was moved", async (t) => {
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    const [{ root }, web] = [fleet.hub, fleet.host("web-1")];
    const file = join(root, "../fleet.backup");
    const keyFile = join(root, "../key.txt");
    const managed = join(web.root, "greeting");
    const identity = await generateX25519Identity();
    const recipient = await identityToRecipient(identity);
    await Deno.writeTextFile(keyFile, `# the safe's key\n${identity}\n`, { mode: 0o600 });
    const vigosrv = (...args: string[]): Promise<CommandResult> =>
      runCommand(Deno.execPath(), programCommand("vigosrv", [...args, "--root", root]), {
        env: ENVIRONMENT,
      });
    const succeed = async (...args: string[]) => {
      const result = await vigosrv(...args);
      assert.equal(result.code, 0, result.stderr);
      return result.stdout;
    };
    const refuse = async (expected: RegExp, ...args: string[]) => {
      const { code, stderr } = await vigosrv(...args);
      assert.notEqual(code, 0);
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr.trim(), /\n/);
    };
    const publish = async (content: string) => {
      await fleet.stage({
        "envoys.vgo": `envoys:\n  - match: "*"\n    configcrates: [base]\n`,
        "configcrates/base.vgo":
          `name: base\nresources:\n  - file: "${managed}"\n    content: "${content}\\n"\n`,
      });
      await fleet.cli("config", "publish");
    };
    const isApplied = (content: string) =>
      eventually(
        `web-1 has ${content}`,
        async () => await Deno.readTextFile(managed) === `${content}\n`,
        DEADLINE_MS,
      );
    const isStored = () =>
      eventually(
        "a run is stored",
        async () => (await fleet.ask(runList, "runs", "list")).runs.length > 0,
        DEADLINE_MS,
      );

    await fleet.join(web);
    const reveal = () => fleet.cli("secrets", "get", "db/password", "--reveal");
    await fleet.cli("secrets", "set", "db/password", "--generate");
    const secret = await reveal();
    await publish("one");
    await isApplied("one");
    await isStored();

    await t.step(
      "a backup of a running server is whole, closed to others and encrypted",
      async () => {
        await refuse(/--recipient age1…, or say --plain/, "backup", file);
        const said = await succeed("backup", "--recipient", recipient, file);
        assert.match(said, /^Wrote .*encrypted\n$/);
        assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
        const bytes = await Deno.readFile(file);
        assert.match(new TextDecoder().decode(bytes.subarray(0, 30)), /^age-encryption\.org\/v1/);
        await refuse(/is there already/, "backup", "--recipient", recipient, file);
        assert.match(await succeed("restore", "--check", "--identity", keyFile, file), /^Sound: /);
      },
    );

    await t.step("without its key, damaged or cut off it is refused", async () => {
      await refuse(/it is encrypted\. Name the file of the key/, "restore", "--check", file);
      const bytes = await Deno.readFile(file);
      const bad = join(root, "../bad.backup");
      const check = ["restore", "--check", "--identity", keyFile, bad];
      await Deno.writeFile(bad, bytes.subarray(0, bytes.length - 20));
      await refuse(/Cannot use backup .*damaged or cut off/, ...check);
      const flipped = bytes.slice();
      flipped[bytes.length - 100] = (flipped[bytes.length - 100] ?? 0) ^ 1;
      await Deno.writeFile(bad, flipped);
      await refuse(/Cannot use backup .*damaged or cut off/, ...check);
    });

    await t.step(
      "a restored server is the old one, and its envoys have what is newer",
      async () => {
        // After the backup, so that the envoy holds serials that the restored server never gave out.
        await publish("two");
        await isApplied("two");
        await refuse(/another vigosrv runs on this root/, "restore", "-i", keyFile, file);
        await fleet.killServer();
        await refuse(/a server has lived here/, "restore", "-i", keyFile, file);
        await Deno.rename(join(root, "srv/vigo"), join(root, "lost"));
        await succeed("restore", "--identity", keyFile, file);
        const mode = async (path: string) =>
          ((await Deno.stat(join(root, "srv/vigo", path))).mode ?? 0) & 0o777;
        assert.equal(await mode("secrets"), 0o700);
        assert.equal(await mode("secrets/master.key"), 0o600);
        assert.equal(await mode("tls/signing.key"), 0o600);
        await fleet.startServer();
        assert.equal(await reveal(), secret);
        await isApplied("one");
        const { envoys } = await fleet.ask(envoyList, "envoys");
        assert.deepEqual(envoys.map(({ hostname }) => hostname), ["web-1"]);
        assert.equal((await fleet.ask(auditVerify, "audit", "verify")).intact, true);
        await publish("three");
        await isApplied("three");
        await isStored();
      },
    );

    await t.step({
      name: "the database moves to PostgreSQL and back, and the fleet goes on each time",
      ignore: !TestPostgres.isInstalled(),
      fn: async () => {
        await using postgres = await TestPostgres.start();
        await postgres.create("moved");
        const yaml = join(root, "srv/vigo/server.yaml");
        const path = join(root, "srv/vigo/db/vigo.db");
        const old = await Deno.readTextFile(yaml);
        const next = join(root, "../postgres.yaml");
        const database = postgres.section("moved");
        await Deno.writeTextFile(next, stringify({ ...parse(old), database }));
        const previous = join(root, "../sqlite.yaml");
        await Deno.writeTextFile(previous, old);

        await refuse(/another vigosrv runs on this root/, "db", "move", "--to", next);
        await fleet.stopServer();
        await refuse(/both server\.yaml name the driver sqlite/, "db", "move", "--to", previous);
        assert.match(await succeed("db", "move", "--to", next), /envoys: 1 row\n[^]*Moved from /);
        await refuse(/was moved to moved at 127/, "db", "move", "--to", next);
        await refuse(/Refusing to start: this database was moved to moved at/, "serve");
        await Deno.copyFile(next, yaml);
        await fleet.startServer();
        await publish("four");
        await isApplied("four");
        assert.equal((await fleet.ask(auditVerify, "audit", "verify")).intact, true);

        const second = join(root, "../postgres.backup");
        await succeed("backup", "--recipient", recipient, second);
        await succeed("restore", "--check", "--identity", keyFile, second);

        await fleet.stopServer();
        await refuse(/vigo\.db" is there already/, "db", "move", "--to", previous);
        await Deno.rename(path, `${path}.old`);
        await succeed("db", "move", "--to", previous);
        await refuse(/Refusing to start: this database was moved to "/, "serve");
        await Deno.copyFile(previous, yaml);
        await fleet.startServer();
        await publish("five");
        await isApplied("five");
        assert.equal((await fleet.ask(auditVerify, "audit", "verify")).intact, true);
      },
    });
    await fleet.stopServer();
  });
});
