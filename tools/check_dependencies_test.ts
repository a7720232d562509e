import assert from "node:assert/strict";
import { dirname } from "node:path";
import { TemporaryRoot } from "../tests/support/temporary_root.ts";
import { checkDependencies, checkFile } from "./check_dependencies.ts";
import { formatFinding } from "./finding.ts";

function check(file: string, ...lines: readonly string[]): readonly string[] {
  return checkFile(file, lines.join("\n")).map(formatFinding);
}

Deno.test("a tree that keeps the direction has no findings, and each breach is named with its place", async () => {
  await using root = await TemporaryRoot.create();
  const files: Record<string, string> = {
    "server/main.ts": 'import { a } from "../shared/a.ts";\nimport { b } from "../agent/b.ts";\n',
    "agent/b.ts": 'export { a as b } from "../shared/a.ts";\n',
    "shared/a.ts": 'import "./platform/files.ts";\n',
    "shared/platform/files.ts": 'import "node:fs";\nexport const read = Deno.readFile;\n',
    "tests/e2e/all_test.ts": 'import "../../server/main.ts";\nimport "../../cli/main.ts";\n',
  };
  for (const [file, text] of Object.entries(files)) {
    await Deno.mkdir(root.join(dirname(file)), { recursive: true });
    await Deno.writeTextFile(root.join(file), text);
  }
  assert.deepEqual((await checkDependencies(root.path)).map(formatFinding), [
    "server/main.ts:2: server/ may not import from agent/: move what both need to shared/",
    'shared/a.ts:1: pure code may not import "./platform/files.ts": pass what it does as an argument',
  ]);
});

Deno.test("shared imports from no program, types and re-exports included", () => {
  for (
    const line of [
      'import type { A } from "../../cli/a.ts";',
      'export * from "../../cli/a.ts";',
      'type A = import("../../cli/a.ts").A;',
      'const a = await import("../../cli/a.ts");',
    ]
  ) {
    assert.match(check("shared/rest/a.ts", line).join(), /^shared\/rest\/a\.ts:1: .* from cli\//);
  }
});

Deno.test("pure code reaches the world neither through built-in modules nor through globals", () => {
  for (
    const line of [
      'import { readFile } from "node:fs/promises";',
      'import net from "node:net";',
      'const home = Deno.env.get("HOME");',
      "const { Deno: runtime } = globalThis;",
      "const runtime = globalThis.Deno;",
      'await fetch("https://example.invalid");',
    ]
  ) {
    assert.match(check("shared/swarm/a.ts", line).join(), /^shared\/swarm\/a\.ts:1: pure code/);
    assert.deepEqual(check("shared/platform/a.ts", line), []);
    assert.deepEqual(check("agent/swarm/a.ts", line), []);
  }
});

Deno.test("pure code may hash, and may have members called like globals", () => {
  const text = [
    'import { createHash } from "node:crypto";',
    "interface Source { fetch(): string }",
    "const source = { fetch: () => createHash.name };",
    "source.fetch();",
  ];
  assert.deepEqual(check("shared/crypto/a.ts", ...text), []);
});

Deno.test("product code imports nothing from tests or tools, but its unit tests may use the support", () => {
  const line = 'import { eventually } from "../../tests/support/eventually.ts";';
  assert.match(check("server/store/a.ts", line).join(), /may not import from tests\//);
  assert.deepEqual(check("server/store/a_test.ts", line), []);
  assert.match(check("agent/a.ts", 'import "../tools/test.ts";').join(), /import from tools\//);
  assert.match(check("agent/a_test.ts", 'import "../server/b.ts";').join(), /import from server\//);
});

Deno.test("packages are imported by their name in the import map", () => {
  for (const specifier of ["npm:zod@4", "jsr:@std/path", "https://example.invalid/a.ts"]) {
    assert.match(check("cli/a.ts", `import "${specifier}";`).join(), /is not in the import map/);
  }
  assert.deepEqual(check("cli/a.ts", 'import { z } from "zod";'), []);
});

Deno.test("what is loaded while running has a literal name", () => {
  assert.deepEqual(check("agent/a.ts", 'await import("./b.ts");'), []);
  assert.match(check("agent/a.ts", "await import(name);").join(), /import\(\) of a computed name/);
  assert.match(check("agent/a.ts", 'await import("data:text/javascript,1");').join(), /import map/);
  const worker = 'new Worker(new URL("./engine_worker.ts", import.meta.url).href, {});';
  assert.deepEqual(check("agent/a.ts", worker), []);
  assert.deepEqual(check("agent/a.ts", 'new Worker(import.meta.resolve("./b.ts"));'), []);
  assert.match(check("agent/a.ts", "new Worker(url);").join(), /new Worker of a computed name/);
  assert.match(
    check("agent/a.ts", 'new Worker(new URL("../server/worker.ts", import.meta.url));').join(),
    /import from server\//,
  );
});
