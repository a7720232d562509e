import assert from "node:assert/strict";
import { join } from "node:path";
import { auditVerify } from "../../shared/rest/audit.ts";
import { dbIntegrity, dbStats, dbVacuum } from "../../shared/rest/database.ts";
import { envoyList } from "../../shared/rest/envoys.ts";
import { runList } from "../../shared/rest/runs.ts";
import { eventually } from "../support/eventually.ts";
import { exchange } from "../support/rest_exchange.ts";
import { TestFleet } from "../support/test_fleet.ts";
import { TestPostgres } from "../support/test_postgres.ts";

const DEADLINE_MS = 180_000;

Deno.test({
  name: "a fleet lives on PostgreSQL, through kill -9 of the server and a crash of the database",
  ignore: !TestPostgres.isInstalled(),
}, async (t) => {
  await using postgres = await TestPostgres.start();
  await postgres.create("fleet");
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    const web = fleet.host("web-1");
    const managed = join(web.root, "greeting");
    const listRuns = async () => (await fleet.ask(runList, "runs", "list")).runs;
    const readyz = async () =>
      await exchange(`${fleet.restUrl}/readyz`, await Deno.readTextFile(fleet.caFile));
    const isReady = () =>
      eventually("the server is ready", async () => (await readyz()).status === 200, DEADLINE_MS);

    await t.step("an envoy enrols, is given its policy and reports", async () => {
      await fleet.join(web);
      await fleet.stage({
        "envoys.vgo": `envoys:\n  - match: "*"\n    configcrates: [base]\n`,
        "configcrates/base.vgo":
          `name: base\nresources:\n  - file: "${managed}"\n    content: "hello\\n"\n`,
      });
      await fleet.cli("config", "publish");
      await eventually("a run is stored", async () => (await listRuns()).length > 0, DEADLINE_MS);
      assert.equal(await Deno.readTextFile(managed), "hello\n");
    });

    await t.step("after kill -9 everything acknowledged is there", async () => {
      const runs = await listRuns();
      await fleet.killServer();
      await fleet.startServer();
      await isReady();
      const { envoys } = await fleet.ask(envoyList, "envoys");
      assert.deepEqual(envoys.map(({ hostname }) => hostname), ["web-1"]);
      const kept = new Set((await listRuns()).map(({ runId }) => runId));
      for (const { runId } of runs) assert.ok(kept.has(runId), `run ${runId}`);
      assert.equal((await fleet.ask(auditVerify, "audit", "verify")).intact, true);
      await assert.rejects(Deno.stat(join(fleet.hub.root, "srv/vigo/db/vigo.db")));
    });

    await t.step("the verbs of the database say what they say of any", async () => {
      const stats = await fleet.ask(dbStats, "db", "stats");
      assert.equal(stats.driver, "postgres");
      assert.ok(stats.tables.some(({ name, rows }) => name === "envoys" && rows === 1));
      assert.deepEqual((await fleet.ask(dbIntegrity, "db", "integrity")).findings, []);
      await fleet.ask(dbVacuum, "db", "vacuum");
    });

    await t.step(
      "without its database the server says so, promises nothing and stays",
      async () => {
        await postgres.crash();
        const answer = await eventually("the server is not ready", async () => {
          const asked = await readyz();
          return asked.status === 503 && asked;
        }, DEADLINE_MS);
        assert.match(JSON.stringify(answer.json), /the database does not answer/);
        const refused = await fleet.tryCli("enroll", "token", "create");
        assert.notEqual(refused.code, 0);
        assert.doesNotMatch(refused.stdout + refused.stderr, /127\.0\.0\.1:\d+|correct horse/);
        await Deno.writeTextFile(managed, "drifted\n");
        await eventually(
          "the envoy mends its drift",
          async () => await Deno.readTextFile(managed) === "hello\n",
          DEADLINE_MS,
        );
        assert.equal(fleet.server.status, undefined);
      },
    );

    await t.step("when it is back, what happened meanwhile is told", async () => {
      await postgres.resume();
      await isReady();
      await eventually(
        "the run without a database is stored",
        async () => (await listRuns()).some(({ corrective }) => corrective > 0),
        DEADLINE_MS,
      );
      assert.equal((await fleet.ask(auditVerify, "audit", "verify")).intact, true);
    });

    await t.step(
      "while the database is silent, whoever watches the server is told at once",
      async () => {
        const goOn = await postgres.silence();
        try {
          // Statements are given a minute, so an answer that waits for one comes after the deadline of the request.
          const { status, json } = await readyz();
          assert.equal(status, 503);
          assert.match(JSON.stringify(json), /the database does not answer/);
          const ca = await Deno.readTextFile(fleet.caFile);
          const metrics = await exchange(`${fleet.restUrl}/metrics`, ca);
          assert.match(metrics.text, /^vigo_database_bytes NaN$/im);
        } finally {
          goOn();
        }
        await isReady();
      },
    );

    await t.step("the password is in no log and no configuration", () => {
      assert.doesNotMatch(fleet.server.output(), /correct horse/);
    });

    await t.step("without its database it stops in time, and does not start", async () => {
      await postgres.crash();
      const { server } = fleet;
      assert.equal((await server.stop(DEADLINE_MS)).code, 1);
      assert.match(server.output("stderr"), /^error: The server stopped, but not in order: .*$/m);
      const again = fleet.launchServer();
      await again.exited;
      assert.match(
        again.output("stderr"),
        /^error: Cannot open database fleet at .*cannot be reached/m,
      );
    });
  }, { sections: { database: postgres.section("fleet") } });
});
