import assert from "node:assert/strict";
import { join } from "node:path";
import { auditList } from "../../shared/rest/audit.ts";
import {
  configDiff,
  configFreeze,
  configHistory,
  configPublish,
  configUnfreeze,
} from "../../shared/rest/config.ts";
import {
  configSchema,
  configSearch,
  configStatus,
  configTrace,
  configTree,
} from "../../shared/rest/config_views.ts";
import { eventually } from "../support/eventually.ts";
import { type FleetHost, TestFleet } from "../support/test_fleet.ts";

const DEADLINE_MS = 180_000;

/** Stacks in which `port` is said by three files, and a password by none. */
function stacks(host: FleetHost, greeting: string): Record<string, string> {
  const file = join(host.root, "greeting");
  return {
    "common.vgo": "vars: {port: 80}\nroles: [base]\n",
    "roles.vgo": "roles:\n  base: {configcrates: [greeting]}\n  web: {configcrates: [site]}\n",
    "envoys.vgo": 'envoys:\n  - match: "web-*"\n    roles: [web]\n    vars: {port: 8080}\n',
    "configcrates/greeting.vgo":
      `name: greeting\nvars: {port: 1}\nresources:\n  - file: "${file}"\n    content: "${greeting} {{ vars.port }}\\n"\n`,
    "configcrates/site.vgo": `name: site\ndepends_on: [greeting]\nresources:\n` +
      `  - file: "${file}.conf"\n    content: "listen {{ vars.port }}\\n"\n    depends_on: "file:${file}"\n`,
  };
}

Deno.test("an operator sees where things come from, what is live, and what stops a publish", async (t) => {
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    const web = fleet.host("web-1");
    const greeting = join(web.root, "greeting");
    await fleet.join(web);
    await fleet.stage(stacks(web, "hello"));

    await t.step(
      "before the first publish status says so, and staged stacks can be looked at",
      async () => {
        const status = await fleet.ask(configStatus, "config", "status");
        assert.deepEqual([status.live, status.staged.changed, status.freeze], [null, true, null]);
        const { code, stderr } = await fleet.tryCli("config", "tree");
        assert.deepEqual([code, stderr.split("\n").length], [1, 2]);
        assert.match(stderr, /Nothing is published yet/);
        const tree = await fleet.cli("config", "tree", "--staged");
        assert.match(tree, /^match web-\* \[1 host\] +envoys\.vgo:2:\d+$/m);
      },
    );

    await t.step("a publish that names a secret which nobody set warns of it", async () => {
      await fleet.stage({
        "configcrates/site.vgo": stacks(web, "hello")["configcrates/site.vgo"] +
          `  - file: "${greeting}.key"\n    content: "secret:web/key"\n`,
      });
      const { code, stderr } = await fleet.tryCli("config", "publish", "-m", "first");
      assert.equal(code, 0);
      assert.match(stderr, /^warning: secret "web\/key" does not exist, and web-1 needs it\./m);
      await fleet.stage(stacks(web, "hello"));
      const { warnings } = await fleet.ask(configPublish, "config", "publish", "-m", "second");
      assert.deepEqual(warnings, []);
      await eventually(
        "web-1 has what is live",
        async () => (await fleet.ask(configStatus, "config", "status")).hosts.upToDate === 1,
        DEADLINE_MS,
      );
      assert.match(await fleet.cli("config", "status"), /^Live: .* by local-root.*: second$/m);
    });

    await t.step("trace names the file of each value, and what it overrode", async () => {
      const trace = await fleet.ask(configTrace, "config", "trace", "web-1", "port");
      assert.deepEqual(
        trace.variables.map(({ value, overrode }) =>
          [value, ...overrode].map((one) => [one.value, one.from, one.place.split(":")[0]])
        ),
        [[[8080, "match", "envoys.vgo"], [80, "common", "common.vgo"], [
          1,
          "configcrate",
          "configcrates/greeting.vgo",
        ]]],
      );
      const text = await fleet.cli("config", "trace", "web-1");
      assert.match(text, /^ {2}port = 8080 {2}match {2}envoys\.vgo:4:\d+$/m);
      assert.match(text, /^ {4}over 80 {2}common {2}common\.vgo:1:\d+$/m);
      assert.match(text, /^ {4}from common common\.vgo → role base {2}roles\.vgo:2:\d+$/m);
      const unknown = await fleet.tryCli("config", "trace", "web-1", "prot");
      assert.deepEqual([unknown.code, unknown.stdout], [1, ""]);
      assert.match(
        unknown.stderr,
        /web-1 has no resource, variable or crate of that name\. Did you mean "port"\?$/m,
      );
      const nobody = await fleet.tryCli("config", "trace", "nobody");
      assert.match(nobody.stderr, /no envoy has that hostname$/m);
      for (
        const args of [
          ["config", "trace", "wbe-1"],
          ["config", "tree", "wbe-1"],
          ["config", "diff", "wbe-1"],
          ["envoys", "show", "wbe-1"],
          ["envoys", "tag", "wbe-1", "a=b"],
          ["runs", "list", "--host", "wbe-1"],
        ]
      ) {
        const misspelt = await fleet.tryCli(...args);
        assert.match(misspelt.stderr, /\. Did you mean "web-1"\?$/m, args.join(" "));
      }
      const crate = await fleet.tryCli("config", "tree", "--crate", "greting");
      assert.match(crate.stderr, /Did you mean "greeting"\?$/m);
      const status = await fleet.tryCli("runs", "list", "--status", "faild");
      assert.deepEqual([status.code, status.stdout], [2, ""]);
      assert.match(status.stderr, /not "faild"\. Did you mean "failed"\?$/m);
    });

    await t.step("tree draws what a host gets, and search finds texts and resources", async () => {
      const tree = await fleet.cli("config", "tree", "web-1");
      assert.match(tree, /^web-1 \[match web-\*\] /m);
      assert.match(
        tree,
        /^├─ common common\.vgo .*\n│ {2}└─ role base .*\n│ {5}└─ configcrate greeting /m,
      );
      assert.match(tree, /^ {3}└─ configcrate site .*\n {6}├─ configcrate greeting \(\*\)/m);
      const crate = await fleet.ask(configTree, "config", "tree", "--crate", "greeting");
      assert.deepEqual(
        crate.roots.map(({ kind, name, note }) => [kind, name, note]).slice(1),
        [["role", "base", "gives it"], ["configcrate", "site", "depends on it"], [
          "match",
          "web-*",
          "gets it",
        ]],
      );
      const text = await fleet.ask(configSearch, "config", "search", "LISTEN");
      assert.deepEqual(text.hits.map(({ kind, text }) => [kind, text]), [[
        "parameter",
        "content: listen {{ vars.port }}",
      ]]);
      const resource = await fleet.ask(configSearch, "config", "search", `file:${greeting}`);
      assert.deepEqual(resource.hits.map(({ kind }) => kind), ["resource", "depends_on"]);
      assert.deepEqual(resource.hosts, { count: 1, first: ["web-1"] });
      assert.equal((await fleet.tryCli("config", "search", "nowhere-at-all")).code, 1);
    });

    await t.step(
      "a freeze refuses publish and rollback, says who and why, and outlives the server",
      async () => {
        const frozen = await fleet.ask(
          configFreeze,
          "config",
          "freeze",
          "--until",
          "12h",
          "--reason",
          "sales night",
          "--operator",
          "mara",
        );
        await fleet.stopServer();
        await fleet.startServer();
        await fleet.stage(stacks(web, "frozen out"));
        for (const verb of ["publish", "rollback"]) {
          const { code, stderr } = await fleet.tryCli("config", verb);
          assert.equal(code, 3, stderr);
          assert.match(
            stderr,
            /^error: Cannot (publish|roll back): local-root \(as mara\) has frozen .* until .*Z \(sales night\)\. .*unfreeze\n$/,
          );
          assert.ok(stderr.includes(new Date(frozen.untilMs).toISOString()));
        }
        assert.match(
          await fleet.cli("config", "status"),
          /^Freeze: {2}until .* \(in 1[12]h.*sales night$/m,
        );
        await Deno.remove(greeting);
        await eventually("the agent converges", async () => {
          return await Deno.readTextFile(greeting) === "hello 8080\n";
        }, DEADLINE_MS);
        assert.ok((await fleet.ask(configUnfreeze, "config", "unfreeze")).ended);
        assert.equal((await fleet.ask(configUnfreeze, "config", "unfreeze")).ended, null);
        assert.ok((await fleet.ask(configPublish, "config", "publish")).published);
        const { records } = await fleet.ask(auditList, "audit", "list");
        const actions = records.map(({ action }) => action).filter((action) =>
          /freeze/.test(action)
        );
        assert.deepEqual(actions, ["config.unfreeze", "config.freeze"]);
      },
    );

    await t.step("what was reviewed is published, and nothing else", async () => {
      await fleet.stage(stacks(web, "reviewed"));
      const { from, to } = await fleet.ask(configDiff, "config", "diff");
      await fleet.stage(stacks(web, "changed meanwhile"));
      const publish = (reviewed: unknown) =>
        fleet.api("/config/publish", { method: "POST", json: { reviewed } });
      const late = await publish({ from, to });
      assert.equal(late.status, 409, late.text);
      assert.match(late.text, /the staged stacks have changed since/);
      await fleet.stage(stacks(web, "reviewed"));
      assert.equal((await publish({ from, to })).status, 200);
      const { versions } = await fleet.ask(configHistory, "config", "history");
      assert.equal(versions[0]?.version, to);
    });

    await t.step("the schema and the annotated server.yaml come from the server", async () => {
      const out = join(web.root, "vgo.schema.json");
      await fleet.cli("config", "schema", "--out", out);
      const schema = configSchema.answer.shape.schema.parse(
        JSON.parse(await Deno.readTextFile(out)),
      );
      assert.ok(JSON.stringify(schema).includes("configcrates"));
      assert.match(await fleet.cli("config", "server.yaml"), /^# {2}grpc_port: 1530$/m);
    });
  });
});
