import assert from "node:assert/strict";
import { writeFileAtomic, writeFileDurable, writeFileDurableSync } from "./durable_write.ts";

for (const write of [writeFileDurable, writeFileDurableSync, writeFileAtomic]) {
  Deno.test(`${write.name} replaces the content and sets the mode whatever the umask`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/key`;
      await write(path, "old", { mode: 0o644 });
      await write(path, "new", { mode: 0o600 });
      assert.equal(await Deno.readTextFile(path), "new");
      assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
      assert.deepEqual(await listNames(folder), ["key"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  Deno.test(`${write.name} that cannot finish leaves the old target and no temporary file`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      // A folder in the way makes the rename fail after the temporary file was written.
      await Deno.mkdir(`${folder}/target/occupied`, { recursive: true });
      await assert.rejects(async () => await write(`${folder}/target`, "bytes", { mode: 0o600 }));
      assert.deepEqual(await listNames(folder), ["target"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

async function listNames(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}
