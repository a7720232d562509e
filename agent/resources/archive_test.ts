import assert from "node:assert/strict";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { runCommand, runOrThrow } from "../../tests/support/run_command.ts";
import { pack } from "../../tests/support/resource_cases/archive.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { BlockedError } from "../system/blocked_error.ts";
import { archive } from "./archive.ts";

async function isInstalled(program: string): Promise<boolean> {
  return (await runCommand("sh", ["-c", `command -v ${program}`])).code === 0;
}

function params(written: Record<string, unknown>) {
  return archive.schema.parse(written);
}

async function settle(machine: TemporaryMachine, written: Record<string, unknown>) {
  const parsed = params(written);
  await archive.apply(parsed, machine.context());
  assert.deepEqual(await archive.check(parsed, machine.context()), { kind: "in_sync" });
}

/** Serves one file and answers everything else with 404. */
async function serving<T>(bytes: Uint8Array, use: (base: string) => Promise<T>): Promise<T> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/moved.tar.gz") return Response.redirect(new URL("/app.tar.gz", request.url));
    return pathname === "/app.tar.gz"
      ? new Response(new Uint8Array(bytes))
      : new Response("no", { status: 404 });
  });
  try {
    return await use(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

const FORMATS = [
  { name: "a.tar", program: "tar" },
  { name: "a.tar.gz", program: "gzip" },
  { name: "a.tar.xz", program: "xz" },
  { name: "a.tar.bz2", program: "bzip2" },
  { name: "a.tar.zst", program: "zstd" },
];

for (const { name, program } of FORMATS) {
  Deno.test({
    name: `${name} is unpacked`,
    ignore: !await isInstalled(program),
    fn: async () => {
      await using machine = await TemporaryMachine.create();
      const path = machine.root.join("opt");
      await settle(machine, { path, source: await pack(machine, name) });
      assert.equal(await Deno.readTextFile(`${path}/app-1.0/README`), "read me\n");
      assert.deepEqual(
        (await machine.files.list(machine.host.archiveFolder)).map((file) => file.slice(64)),
        [".json"],
      );
    },
  });
}

Deno.test({
  name: "a ZIP archive of the zip program is unpacked",
  ignore: !await isInstalled("zip"),
  fn: async () => {
    await using machine = await TemporaryMachine.create();
    await Deno.writeTextFile(machine.root.join("one"), "1".repeat(5000));
    const source = machine.root.join("a.zip");
    await runOrThrow("zip", ["-q", "-j", source, machine.root.join("one")]);
    await settle(machine, { path: machine.root.join("opt"), source });
    assert.equal(await Deno.readTextFile(machine.root.join("opt/one")), "1".repeat(5000));
  },
});

Deno.test("an archive behind an address is downloaded, through a redirection too", async () => {
  await using machine = await TemporaryMachine.create();
  const bytes = await Deno.readFile(await pack(machine));
  await serving(bytes, async (base) => {
    await settle(machine, {
      path: machine.root.join("opt"),
      source: `${base}/moved.tar.gz`,
      sha256: sha256Hex(bytes),
    });
  });
  assert.equal(await Deno.readTextFile(machine.root.join("opt/app-1.0/README")), "read me\n");
});

Deno.test("an archive with another hash leaves nothing behind", async () => {
  await using machine = await TemporaryMachine.create();
  const bytes = await Deno.readFile(await pack(machine));
  const wanted = { path: machine.root.join("opt"), sha256: "0".repeat(64) };
  await serving(bytes, async (base) => {
    await assert.rejects(
      archive.apply(
        params({ ...wanted, source: `${base}/app.tar.gz?key=hush` }),
        machine.context(),
      ),
      (error) => /not 000.*nothing is unpacked/.test(String(error)) && !/hush/.test(String(error)),
    );
  });
  assert.equal(await machine.files.inspect(wanted.path), undefined);
  assert.deepEqual(await machine.files.list(machine.host.archiveFolder), []);
});

Deno.test("a server that has no such archive blocks", async () => {
  await using machine = await TemporaryMachine.create();
  const wanted = { path: machine.root.join("opt"), sha256: "0".repeat(64) };
  await serving(new Uint8Array(), async (base) => {
    await assert.rejects(
      archive.apply(params({ ...wanted, source: `${base}/x.tar` }), machine.context()),
      (error) => error instanceof BlockedError && /answers 404/.test(error.message),
    );
  });
});

const HOSTILE: readonly [string, readonly string[], RegExp][] = [
  ["a link", ["-C", "evil", "ok", "link"], /"link" in it is a symbolic link/],
  ["a hard link", ["-C", "evil", "ok", "hard"], /"hard" in it is a hard link/],
  ["a pipe", ["-C", "evil", "ok", "pipe"], /"pipe" in it is a named pipe/],
  ["a name that leads out", ["-P", "-C", "evil", "ok", "../outside"], /leads out of the folder/],
  ["an absolute name", ["-P", "-C", "evil", "ok", "/etc/hosts"], /leads out of the folder/],
];

for (const [title, names, reason] of HOSTILE) {
  Deno.test(`of an archive with ${title} nothing is unpacked`, async () => {
    await using machine = await TemporaryMachine.create();
    const at = (name: string) => machine.root.join(name);
    await Deno.mkdir(at("evil"));
    await Deno.writeTextFile(at("evil/ok"), "fine");
    await Deno.writeTextFile(at("outside"), "");
    await Deno.symlink("/etc", at("evil/link"));
    await Deno.link(at("evil/ok"), at("evil/hard"));
    await runOrThrow("mkfifo", [at("evil/pipe")]);
    const args = names.map((name) => name === "evil" ? at(name) : name);
    await runOrThrow("tar", ["-cf", at("a.tar"), ...args]);
    const wanted = params({ path: at("opt"), source: at("a.tar") });
    await assert.rejects(archive.apply(wanted, machine.context()), reason);
    assert.equal(await machine.files.inspect(at("opt")), undefined);
    assert.equal((await archive.check(wanted, machine.context())).kind, "would_change");
  });
}

Deno.test("an archive that would replace what belongs to Vigo is refused", async () => {
  await using machine = await TemporaryMachine.create();
  await Deno.mkdir(machine.root.join("evil/bin"), { recursive: true });
  await Deno.writeTextFile(machine.root.join("evil/bin/vigo"), "");
  const source = machine.root.join("a.tar");
  await runOrThrow("tar", ["-cf", source, "-C", machine.root.join("evil"), "bin"]);
  const wanted = params({ path: "/usr/local", source });
  await assert.rejects(
    archive.apply(wanted, machine.context()),
    /would hit \/usr\/local\/bin\/vigo, which belongs to Vigo/,
  );
});

Deno.test("a set-user-id bit in an archive is not unpacked", async () => {
  await using machine = await TemporaryMachine.create();
  await Deno.writeTextFile(machine.root.join("program"), "");
  await Deno.chmod(machine.root.join("program"), 0o4755);
  const source = machine.root.join("a.tar");
  await runOrThrow("tar", ["-cf", source, "-C", machine.root.path, "program"]);
  await settle(machine, { path: machine.root.join("opt"), source });
  const found = await machine.files.inspect(machine.root.join("opt/program"));
  assert.equal(found?.mode, 0o755);
});

Deno.test("an archive that would fill the disk is not begun, unless it replaces as much", async () => {
  await using machine = await TemporaryMachine.create();
  const wanted = params({ path: machine.root.join("opt"), source: await pack(machine) });
  machine.host.room = 64_000_010;
  await assert.rejects(
    archive.apply(wanted, machine.context()),
    (error) =>
      error instanceof BlockedError &&
      /takes 18 B, and 64 MB are free at .*opt/.test(error.message),
  );
  assert.equal(await machine.files.inspect(machine.root.join("opt")), undefined);
  machine.host.room = undefined;
  await archive.apply(wanted, machine.context());
  machine.host.room = 0;
  assert.equal(await archive.apply(wanted, machine.context()), "updated");
});

Deno.test("the room of a disk is that of the nearest folder that exists", async () => {
  await using machine = await TemporaryMachine.create();
  const room = await machine.host.freeBytes(machine.root.join("not/yet/there"));
  assert.ok(Number.isSafeInteger(room) && room > 0);
});

Deno.test("a run that ended in the middle is done again", async () => {
  await using machine = await TemporaryMachine.create();
  const wanted = params({ path: machine.root.join("opt"), source: await pack(machine) });
  machine.files.fail("makeDirectory", "ENOSPC");
  await assert.rejects(archive.apply(wanted, machine.context()), /no space left/);
  machine.files.fail("makeDirectory", undefined);
  assert.equal((await archive.check(wanted, machine.context())).kind, "would_change");
  await archive.apply(wanted, machine.context());
  assert.deepEqual(await archive.check(wanted, machine.context()), { kind: "in_sync" });
});

Deno.test("a run that is stopped during a download blames nobody, and leaves nothing", async () => {
  await using machine = await TemporaryMachine.create();
  const stop = new AbortController();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    queueMicrotask(() => stop.abort());
    return new Response(
      new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array(9)) }),
    );
  });
  const source = `http://127.0.0.1:${server.addr.port}/app.tar.gz`;
  const wanted = params({ path: machine.root.join("opt"), source, sha256: "0".repeat(64) });
  await assert.rejects(
    archive.apply(wanted, machine.context({ signal: stop.signal })),
    (error) => error instanceof Error && error.name === "AbortError",
  );
  await server.shutdown();
  assert.deepEqual(await machine.files.list(machine.host.archiveFolder), []);
});

Deno.test({
  name: "what is unpacked belongs to who is named",
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
  fn: async () => {
    await using machine = await TemporaryMachine.create();
    const wanted = { path: machine.root.join("opt"), source: await pack(machine), owner: 4711 };
    await settle(machine, { ...wanted, group: "adm" });
    const { uid, gid } = await Deno.stat(machine.root.join("opt/app-1.0/bin/app"));
    assert.deepEqual([uid, gid], [4711, 4]);
    await Deno.chown(machine.root.join("opt/app-1.0/README"), 0, 0);
    const finding = await archive.check(params({ ...wanted, group: "adm" }), machine.context());
    assert.match(JSON.stringify(finding), /README: owner 0 → 4711/);
  },
});
