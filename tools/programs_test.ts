import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { listOwnUrls } from "./own_urls.ts";
import { PROGRAMS } from "./programs.ts";
import { listSourceFiles, PRODUCT_FOLDERS } from "./source_files.ts";

const repository = dirname(import.meta.dirname ?? ".");

Deno.test("workers and files with an address of their own are found, however it is written", () => {
  const text = `
    new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    new Worker(new URL("./swarm/engine.ts", import.meta.url).href);
    await Deno.readTextFile(new URL("../shared/schema.sql", import.meta.url));
    import.meta.resolve("./other.ts");
    new URL("./page", origin);
  `;
  assert.deepEqual(listOwnUrls("agent/main.ts", text), [
    "agent/worker.ts",
    "agent/swarm/engine.ts",
    "shared/schema.sql",
    "agent/other.ts",
  ]);
});

Deno.test("every worker and every file that a program reaches by its address is compiled in", async () => {
  const missing: string[] = [];
  for (const file of await listSourceFiles(repository, PRODUCT_FOLDERS)) {
    if (/_test\.tsx?$/.test(file)) continue;
    const program = PROGRAMS.filter(({ entry }) =>
      file.startsWith("shared/") || dirname(entry) === file.split("/")[0]
    );
    for (const target of listOwnUrls(file, await Deno.readTextFile(join(repository, file)))) {
      for (const { name, entry, includes } of program) {
        if (target !== entry && !includes.includes(target)) {
          missing.push(`${name}: ${target}, used by ${file}`);
        }
      }
    }
  }
  assert.deepEqual(missing, [], "Add these to tools/programs.ts");
});
