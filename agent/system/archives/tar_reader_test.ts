import assert from "node:assert/strict";
import fc from "fast-check";
import { runOrThrow } from "../../../tests/support/run_command.ts";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { ArchiveError } from "./archive_entry.ts";
import { readTar } from "./tar_reader.ts";

async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    await Promise.resolve();
    yield bytes.subarray(at, at + pieceBytes);
  }
}

/** Every entry as `kind name mode content`. */
async function list(bytes: Uint8Array, pieceBytes = 700): Promise<string[]> {
  const lines: string[] = [];
  for await (const { kind, name, mode, content } of readTar(inPieces(bytes, pieceBytes))) {
    const text = kind === "file" ? new TextDecoder().decode(await collect(content)) : "";
    lines.push(`${kind} ${name} ${mode.toString(8)} ${text}`.trim());
  }
  return lines;
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: number[] = [];
  for await (const piece of pieces) all.push(...piece);
  return new Uint8Array(all);
}

/** Longer than the 100 bytes that a header has for a name. */
const LONG = `${"n".repeat(60)}/${"m".repeat(60)}`;

/** The tar of macOS has other options, and adds files of its own. */
const ignore = Deno.build.os !== "linux";

async function packTree(options: readonly string[], names: readonly string[] = ["tree"]) {
  const root = await TemporaryRoot.create();
  await Deno.mkdir(root.join("tree", LONG), { recursive: true });
  await Deno.writeTextFile(root.join("tree", LONG, "deep"), "deep\n", { mode: 0o640 });
  await Deno.writeTextFile(root.join("tree", "ümlaut"), "x".repeat(1000), { mode: 0o755 });
  await Deno.writeTextFile(root.join("tree", "empty"), "", { mode: 0o600 });
  await Deno.chmod(root.join("tree", "ümlaut"), 0o755);
  await Deno.symlink("/etc/passwd", root.join("link"));
  await runOrThrow("tar", [
    "--sort=name",
    ...options,
    "-cf",
    root.join("a.tar"),
    "-C",
    root.path,
    ...names,
  ]);
  return { root, bytes: await Deno.readFile(root.join("a.tar")) };
}

for (const format of ["gnu", "pax", "ustar"]) {
  Deno.test({
    name: `what tar(1) writes as ${format} is read, long names and all`,
    ignore,
    fn: async () => {
      const { root, bytes } = await packTree([`--format=${format}`]);
      await using _root = root;
      const found = await list(bytes);
      assert.deepEqual(
        found.map((line) => line.replace(/ (7[0-7]5|[67]00|640) ?/, " ")),
        [
          "directory tree/ ",
          "file tree/empty ",
          `directory tree/${LONG.split("/")[0]}/ `,
          `directory tree/${LONG}/ `,
          `file tree/${LONG}/deep deep`,
          `file tree/ümlaut ${"x".repeat(1000)}`,
        ].map((line) => line),
      );
      assert.deepEqual(await list(bytes, 1), found);
    },
  });
}

Deno.test({
  name: "links and devices are told apart from files",
  ignore,
  fn: async () => {
    const { root, bytes } = await packTree([], ["link"]);
    await using _root = root;
    assert.deepEqual(await list(bytes), ["symbolic link link 777"]);
  },
});

Deno.test({
  name: "an archive that is cut in an entry is not taken for a whole one",
  ignore,
  fn: async () => {
    const { root, bytes } = await packTree([]);
    await using _root = root;
    await assert.rejects(list(bytes.subarray(0, 700)), /ends in the middle of an entry/);
  },
});

Deno.test({
  name: "an entry that nobody reads is passed over",
  ignore,
  fn: async () => {
    const { root, bytes } = await packTree([]);
    await using _root = root;
    let count = 0;
    for await (const _entry of readTar(inPieces(bytes, 512))) count += 1;
    assert.equal(count, 6);
  },
});

Deno.test({
  name: "no bytes make the reader do anything but read or refuse",
  ignore,
  fn: async () => {
    const { root, bytes } = await packTree(["--format=pax"]);
    await using _root = root;
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 20 }), async (changes) => {
        const broken = bytes.slice();
        for (const [at, value] of changes) broken[at] = value;
        try {
          await list(broken, 512);
        } catch (error) {
          assert.ok(error instanceof ArchiveError, String(error));
        }
      }),
    );
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 2048 }), async (noise) => {
      await list(noise).catch((error) => assert.ok(error instanceof ArchiveError));
    }));
  },
});
