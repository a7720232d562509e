import assert from "node:assert/strict";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { stringify } from "yaml";
import { z } from "zod";
import type { WorkersReport } from "../../agent/engine_host/examine_workers.ts";
import { readSwarmState } from "../../agent/swarm/mirror.ts";
import { VERSION } from "../../shared/config/version.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { compileTarget } from "../../tools/compile.ts";
import { ownTarget, PROGRAMS } from "../../tools/programs.ts";
import { eventually } from "../support/eventually.ts";
import { TestProcess } from "../support/process.ts";
import { runCommand, runOrThrow } from "../support/run_command.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { ENVIRONMENT, type FleetHost, TestFleet } from "../support/test_fleet.ts";
import { TestPostgres } from "../support/test_postgres.ts";

/** The first runtime whose listeners look at client certificates. */
const FIRST_FIT_RUNTIME = [2, 8] as const;
const versionSchema = z.object({ deno: z.string() });

const repository = join(import.meta.dirname ?? ".", "..", "..");
const compiler = Deno.env.get("DENO_COMPILER") ?? Deno.execPath();
const ignore = !Deno.env.get("DENORT_BIN") && Deno.env.get("VIGO_COMPILE_TEST") !== "1";
if (ignore) {
  console.log("Skipped: tests of compiled programs: set DENORT_BIN, or VIGO_COMPILE_TEST=1 online");
}

Deno.test({
  name: "compiled programs start, and their workers are inside",
  ignore,
  fn: async (t) => {
    await using root = await TemporaryRoot.create();
    const folder = await compileTarget(ownTarget(), {
      root: repository,
      distFolder: root.join("dist"),
      compiler,
    });

    for (const { name } of PROGRAMS) {
      await t.step(`${name} prints its help and its version`, async () => {
        const help = await runCommand(join(folder, name), ["--help"]);
        assert.equal(help.code, 0, help.stderr);
        assert.match(help.stdout, new RegExp(`Usage: ${name}`));
        const version = await runOrThrow(join(folder, name), ["version"]);
        assert.match(version, new RegExp(`\\b${RegExp.escape(VERSION)}\\b`));
      });
    }

    await t.step("SHA256SUMS is right", async () => {
      const tool = Deno.build.os === "darwin" ? ["shasum", "-a", "256"] : ["sha256sum"];
      const [command = "", ...args] = [...tool, "-c", "SHA256SUMS"];
      await runOrThrow(command, args, { cwd: folder });
    });

    const runtime = await readRuntimeVersion(join(folder, "vigo"));

    const restored = root.join("restored");
    await t.step("vigosrv serves from its worker, or refuses on an unfit runtime", async () => {
      await Deno.mkdir(root.join("srv/vigo"), { recursive: true });
      await Deno.writeTextFile(
        root.join("srv/vigo/server.yaml"),
        "server:\n  listen: 127.0.0.1\n  grpc_port: 0\n  rest_port: 0\n",
      );
      await using server = TestProcess.start(join(folder, "vigosrv"), ["--root", root.path]);
      if (isFit(runtime)) {
        await server.waitForLine(/ is ready: /, 60_000);
        assert.deepEqual(await server.stop(), { code: 0, signal: null });
      } else {
        await server.waitForLine(/Refusing to serve on .*: .*certificate/, 60_000);
        assert.notEqual((await server.exited).code, 0);
        assert.doesNotMatch(server.output(), / is ready: /);
      }
    });

    await TestFleet.run(["hub"], async (fleet) => {
      const { hub } = fleet;
      // From source: an unfit runtime cannot enrol.
      await fleet.enrol(hub);

      await t.step("vigosrv backs up what runs, and restores it encrypted", async () => {
        const vigosrv = (...args: string[]) => runOrThrow(join(folder, "vigosrv"), args);
        const [file, key] = [root.join("fleet.backup"), root.join("key.txt")];
        const identity = await generateX25519Identity();
        await Deno.writeTextFile(key, identity, { mode: 0o600 });
        const recipient = await identityToRecipient(identity);
        await vigosrv("--root", hub.root, "backup", "--recipient", recipient, file);
        assert.match(await vigosrv("restore", "--check", "-i", key, file), /^Sound: /);
        const said = await vigosrv("--root", restored, "restore", "-i", key, file);
        assert.match(said, /^envoys: 1 row$/m);
      });

      await t.step({
        name: "vigosrv moves a database to PostgreSQL and back",
        ignore: !TestPostgres.isInstalled(),
        fn: async () => {
          await using postgres = await TestPostgres.start();
          await postgres.create("moved");
          const vigosrv = (...args: string[]) =>
            runOrThrow(join(folder, "vigosrv"), ["--root", restored, ...args]);
          const yaml = join(restored, "srv/vigo/server.yaml");
          const [there, back] = [root.join("there.yaml"), root.join("back.yaml")];
          await Deno.copyFile(yaml, back);
          const database = postgres.section("moved");
          await Deno.writeTextFile(there, stringify({ database }));
          assert.match(
            await vigosrv("db", "move", "--to", there),
            /^envoys: 1 row\n[^]*Moved from /m,
          );
          const path = join(restored, "srv/vigo/db/vigo.db");
          await Deno.rename(path, `${path}.old`);
          await Deno.copyFile(there, yaml);
          assert.match(
            await vigosrv("db", "move", "--to", back),
            /^envoys: 1 row\n[^]*Moved from /m,
          );
          await Deno.stat(path);
        },
      });

      const { code, stderr } = await fleet.vigo(hub, ["run", "--once"]);
      assert.equal(code, 0, stderr);

      await t.step(
        "vigo runs both workers of the swarm with no more rights than theirs",
        async () => {
          const { deno, engine, hasher } = await examineWorkers(join(folder, "vigo"), hub);
          assert.equal(deno, runtime);
          if (isFit(runtime)) {
            assert.deepEqual([engine.state, engine.problem], ["running", ""]);
          } else {
            assert.equal(engine.state, "failed");
            assert.match(engine.problem, /^UnfitRuntimeError: Refusing to serve on .*certificate/);
          }
          assert.deepEqual(engine.rights, ["net", "read folder", "statfs", "write folder"]);
          assert.deepEqual(hasher, { state: "works", problem: "", rights: ["read folder"] });
        },
      );

      await t.step("vigo's daemon seeds a file, or refuses on an unfit runtime", async () => {
        await using daemon = TestProcess.start(
          join(folder, "vigo"),
          ["daemon", "--root", hub.root],
          { env: ENVIRONMENT },
        );
        if (isFit(runtime)) {
          await daemon.waitForLine(/swarm engine is ready/, 60_000);
          await seedsAFile(join(hub.root, "var/lib/vigo/swarm"));
          assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
        } else {
          await daemon.waitForLine(/^error: Cannot .*Use Deno 2\.8 or newer$/, 60_000);
          assert.notEqual((await daemon.exited).code, 0);
        }
      });
    });
  },
});

/** What the compiled `vigo` says of the two workers that it starts. */
async function examineWorkers(vigo: string, { root }: FleetHost): Promise<WorkersReport> {
  const args = ["swarm", "_examine-workers", "--json", "--root", root];
  const { stdout, stderr } = await runCommand(vigo, args, { env: ENVIRONMENT });
  assert.notEqual(stdout, "", stderr);
  // The test compares every member that it uses.
  return JSON.parse(stdout) as WorkersReport;
}

async function seedsAFile(folder: string): Promise<void> {
  await Deno.mkdir(join(folder, "seed"), { recursive: true });
  await Deno.writeTextFile(join(folder, "seed/greeting.txt"), "hello");
  await Deno.writeTextFile(
    join(folder, "seed/greeting.txt.swarm"),
    JSON.stringify({ target: "*", retention: "7d" }),
  );
  await eventually("the seed is hashed and announced", async () => {
    const state = await readSwarmState(folder);
    return state.ok &&
      state.value.blobs.some(({ label, status, sha256 }) =>
        label === "greeting.txt" && status === "complete" && sha256 === sha256Hex("hello")
      );
  }, 60_000);
}

/** The version that the compiled programs run on; only they know. */
async function readRuntimeVersion(vigo: string): Promise<string> {
  return versionSchema.parse(JSON.parse(await runOrThrow(vigo, ["version", "--json"]))).deno;
}

function isFit(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [fitMajor, fitMinor] = FIRST_FIT_RUNTIME;
  return major > fitMajor || (major === fitMajor && minor >= fitMinor);
}
