import assert from "node:assert/strict";
import { join } from "node:path";
import { VERSION } from "../../shared/config/version.ts";
import { compileTarget } from "../../tools/compile.ts";
import { ownTarget, PROGRAMS } from "../../tools/programs.ts";
import { TestProcess } from "../support/process.ts";
import { runCommand, runOrThrow } from "../support/run_command.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";

/** The first runtime whose listeners look at client certificates. */
const FIRST_FIT_RUNTIME = [2, 8] as const;
const COMPILE_DEADLINE_MS = 240_000;

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

    await t.step("vigosrv serves from its worker, or refuses on an unfit runtime", async () => {
      await Deno.mkdir(root.join("srv/vigo"), { recursive: true });
      await Deno.writeTextFile(
        root.join("srv/vigo/server.yaml"),
        "server:\n  listen: 127.0.0.1\n  grpc_port: 0\n  rest_port: 0\n",
      );
      await using server = TestProcess.start(join(folder, "vigosrv"), ["--root", root.path]);
      if (isFit(await readRuntimeVersion(root))) {
        await server.waitForLine(/ is ready: /, 60_000);
        assert.deepEqual(await server.stop(), { code: 0, signal: null });
      } else {
        await server.waitForLine(/Refusing to serve on .*: .*certificate/, 60_000);
        assert.notEqual((await server.exited).code, 0);
        assert.doesNotMatch(server.output(), / is ready: /);
      }
    });
  },
});

/** The version that compiled programs run on; only a compiled program knows. */
async function readRuntimeVersion(root: TemporaryRoot): Promise<string> {
  await Deno.writeTextFile(root.join("version.ts"), "console.log(Deno.version.deno);");
  await runOrThrow(
    compiler,
    ["compile", "--no-config", "--no-check", "--output", root.join("version"), "version.ts"],
    { cwd: root.path, deadlineMs: COMPILE_DEADLINE_MS },
  );
  return (await runOrThrow(root.join("version"))).trim();
}

function isFit(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [fitMajor, fitMinor] = FIRST_FIT_RUNTIME;
  return major > fitMajor || (major === fitMajor && minor >= fitMinor);
}
