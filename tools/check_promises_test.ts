import assert from "node:assert/strict";
import { dirname } from "node:path";
import { TemporaryRoot } from "../tests/support/temporary_root.ts";
import { checkPromises } from "./check_promises.ts";
import { formatFinding } from "./finding.ts";
import { prepareTypeEnvironment } from "./type_environment.ts";

/** Checks one file with the packages and runtime types of this repository. */
async function check(text: string, name = "a.ts"): Promise<readonly string[]> {
  await using root = await TemporaryRoot.create();
  await Deno.writeTextFile(root.join(name), text);
  const repository = dirname(import.meta.dirname ?? ".");
  const environment = await prepareTypeEnvironment(repository);
  return (await checkPromises(root.path, [name], environment)).map(formatFinding);
}

Deno.test("a promise of the runtime, of node or of a package that nobody waits for is named", async () => {
  const findings = await check(`
    import { readFile } from "node:fs/promises";
    import { Liquid } from "liquidjs";
    Deno.writeTextFile("x", "");
    readFile("x");
    new Liquid().parseAndRender("x");
    await Deno.remove("x");
  `);
  assert.equal(findings.length, 3, findings.join("\n"));
  for (const [index, line] of [4, 5, 6].entries()) {
    assert.match(findings[index] ?? "", new RegExp(`^a\\.ts:${line}: Promises must be awaited`));
  }
});

Deno.test("a promise where a truth value or a void function is expected is named", async () => {
  const findings = await check(`
    export async function isReady() { return await Promise.resolve(false); }
    if (isReady()) console.log("always");
    [1].forEach(async () => { await isReady(); });
  `);
  assert.deepEqual(findings.map((finding) => finding.split(" ")[0]), ["a.ts:3:", "a.ts:4:"]);
});

Deno.test("a module of a page is checked as what a browser runs, and has to have its types checked", async () => {
  const text = `
    const answer = fetch("/pulse");
    answer.then((response) => document.title = response.statusText);
    await answer;
  `;
  const findings = await check(`// @ts-check\n${text}`, "page.js");
  assert.deepEqual(findings.map((finding) => finding.split(" ")[0]), ["page.js:4:"]);
  assert.deepEqual(
    (await check(text, "page.js")).map((finding) => finding.split(" ")[0]),
    ["page.js:1:", "page.js:3:"],
  );
});

Deno.test("no comment switches the check off", async () => {
  const findings = await check(`
    // eslint-disable-next-line @typescript-eslint/no-floating-promises
    Deno.remove("x");
  `);
  assert.match(findings[0] ?? "", /^a\.ts:3: Promises must be awaited/);
});

Deno.test("an import that cannot be resolved is named, since its promises could not be seen", async () => {
  const findings = await check(`import { send } from "./gone.ts";\nsend();\n`);
  assert.match(findings.join("\n"), /^a\.ts:1: Cannot resolve "\.\/gone\.ts"/);
});
