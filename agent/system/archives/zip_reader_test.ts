import assert from "node:assert/strict";
import fc from "fast-check";
import { writeZip } from "../../../tests/support/write_zip.ts";
import { ArchiveError } from "./archive_entry.ts";
import { type RandomAccess, readZip } from "./zip_reader.ts";

function access(bytes: Uint8Array): RandomAccess {
  return {
    sizeBytes: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

async function list(bytes: Uint8Array): Promise<string[]> {
  const lines: string[] = [];
  for await (const { kind, name, mode, content } of readZip(access(bytes))) {
    let text = "";
    if (kind === "file") {
      for await (const piece of content) text += new TextDecoder().decode(piece);
    }
    lines.push(`${kind} ${name} ${mode.toString(8)} ${text}`.trim());
  }
  return lines;
}

Deno.test("stored and deflated files, folders and modes are read", async () => {
  const bytes = writeZip([
    { name: "app/", mode: 0o040755 },
    { name: "app/run", content: "#!/bin/sh\n", mode: 0o100755 },
    { name: "app/ünicode", content: "x".repeat(10_000), deflated: true },
  ], "a comment with PK\u0005\u0006 in it");
  assert.deepEqual(await list(bytes), [
    "directory app/ 755",
    "file app/run 755 #!/bin/sh",
    `file app/ünicode 644 ${"x".repeat(10_000)}`,
  ]);
});

Deno.test("a symbolic link and a device are what they are", async () => {
  const bytes = writeZip([
    { name: "link", content: "/etc/passwd", mode: 0o120777 },
    { name: "device", mode: 0o020666 },
  ]);
  assert.deepEqual(await list(bytes), [
    "symbolic link link 777",
    "device, socket or pipe device 666",
  ]);
});

/** An archive whose first entry is stored and holds the second one, header and all. */
function embedded(): Uint8Array {
  const inner = { name: "b", content: "xyz" };
  const content = new TextDecoder().decode(
    writeZip([{ ...inner, claimed: { crc: 0 } }]).subarray(0, 34),
  );
  return writeZip([{ name: "a", content }, { ...inner, claimed: { offset: 30 + 1 } }]);
}

const BROKEN: readonly [string, Uint8Array, RegExp][] = [
  [
    "a file that is larger than it says",
    writeZip([{ name: "a", content: "xx", claimed: { size: 1 } }]),
    /damaged/,
  ],
  [
    "a bomb",
    writeZip([{
      name: "a",
      content: "0".repeat(1_000_000),
      deflated: true,
      claimed: { size: 10 },
    }]),
    /damaged/,
  ],
  [
    "entries that share their bytes",
    writeZip([{ name: "a", content: "x" }, { name: "b", content: "x", claimed: { offset: 0 } }]),
    /overlap/,
  ],
  [
    "an entry that reaches into the next one",
    embedded(),
    /overlap/,
  ],
  [
    "small entries that claim more together than is ever unpacked",
    writeZip(Array.from({ length: 17 }, (_, index) => ({
      name: `f${index}`,
      content: "x",
      claimed: { size: 0xfffffffe },
    }))),
    /more than 68719476736 bytes/,
  ],
  [
    "another content than its CRC",
    writeZip([{ name: "a", content: "x", claimed: { crc: 1 } }]),
    /damaged/,
  ],
  ["encryption", writeZip([{ name: "a", content: "x", claimed: { flags: 1 } }]), /encrypted/],
  ["the end cut off", writeZip([{ name: "a", content: "x" }]).subarray(0, -10), /no ZIP archive/],
  ["nothing", new Uint8Array(), /no ZIP archive/],
];

for (const [title, bytes, reason] of BROKEN) {
  Deno.test(`an archive with ${title} is refused`, async () => {
    await assert.rejects(
      list(bytes),
      (error) => error instanceof ArchiveError && reason.test(error.message),
    );
  });
}

Deno.test("no bytes make the reader do anything but read or refuse", async () => {
  const bytes = writeZip([
    { name: "a", content: "some text", deflated: true },
    { name: "b/", mode: 0o040755 },
    { name: "b/c", content: "more" },
  ]);
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 10 }), async (changes) => {
      const broken = bytes.slice();
      for (const [at, value] of changes) broken[at] = value;
      await list(broken).catch((error) => assert.ok(error instanceof ArchiveError, String(error)));
    }),
  );
});
