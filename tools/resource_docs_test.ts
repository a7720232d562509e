import assert from "node:assert/strict";
import { z } from "zod";
import { literalParameters } from "../agent/resources/bind_resource.ts";
import { standardRegistry } from "../agent/resources/registry.ts";
import { checkStacks } from "../server/resolve/check_stacks.ts";
import { compileHost } from "../server/resolve/compile_host.ts";
import { stackFiles } from "../server/stacks/stack_fixture.ts";
import { NATURAL_KEY, RESOURCE_SCHEMAS } from "../shared/config/resource_schemas.ts";

const FOLDER = new URL("../docs/resources/", import.meta.url);
/** What examples may ask of a machine. */
const TRAITS = {
  os: { family: "debian", distro: "debian", version: "12", hostname: "web-1" },
  hardware: { cpu_count: 4 },
};
const HEADER = "| parameter | default | meaning |";

Deno.test("every resource type has a page, and the index names them all", async () => {
  const types = Object.keys(RESOURCE_SCHEMAS).toSorted();
  const pages: string[] = [];
  for await (const { name } of Deno.readDir(FOLDER)) if (name !== "README.md") pages.push(name);
  assert.deepEqual(pages.toSorted(), types.map((type) => `${type}.md`).toSorted());
  const index = await Deno.readTextFile(new URL("README.md", FOLDER));
  const linked = [...index.matchAll(/^\| \[`([a-z_]+)`\]\(\1\.md\)/gm)].map(([, type]) => type);
  assert.deepEqual(linked, types);
});

for (const [type, schema] of Object.entries(RESOURCE_SCHEMAS)) {
  Deno.test(`docs/resources/${type}.md names every parameter with its default`, async () => {
    const page = await readPage(type);
    assert.match(page, new RegExp(`^# ${type}\n\n\\S`));
    assert.match(page, /^## What a check cannot know$/m);
    assert.deepEqual(readTable(page), listParameters(schema, NATURAL_KEY[type] ?? ""));
  });

  Deno.test(`docs/resources/${type}.md has examples that compile and that agents accept`, async () => {
    const examples = readExamples(await readPage(type));
    assert.ok(examples.length > 0, "an example");
    assert.ok(examples.some((text) => text.includes(`- ${type}: `)), `an example of ${type}`);
    for (const example of examples) compileExample(example);
  });
}

function readPage(type: string): Promise<string> {
  return Deno.readTextFile(new URL(`${type}.md`, FOLDER));
}

interface Row {
  readonly name: string;
  /** `required`, `the name`, `–` for none, or the value as YAML. */
  readonly default: string;
}

function readTable(page: string): Row[] {
  const lines = page.split("\n").map((line) => line.replace(/ +/g, " "));
  const start = lines.indexOf(HEADER);
  assert.ok(start >= 0, `a table headed ${HEADER}`);
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  return rows.slice(0, end).map((row) => {
    const [, name = "", value = "", meaning = ""] = row.split(/ ?(?<!\\)\| ?/);
    assert.notEqual(meaning, "", `a meaning for ${name}`);
    return { name: name.replaceAll("`", ""), default: value.replaceAll("`", "") };
  });
}

/** What the schema says; of a parameter that several variants know, what the first of them says. */
function listParameters(schema: z.ZodType, naturalKey: string): Row[] {
  const variants = schema instanceof z.ZodDiscriminatedUnion ? schema.options : [schema];
  const rows = new Map<string, Row>();
  for (const variant of variants) {
    assert.ok(variant instanceof z.ZodObject, "a schema of objects");
    for (const [name, member] of Object.entries(variant.shape)) {
      if (rows.has(name)) continue;
      // A shape holds schemas and nothing else; its values are only typed more loosely.
      const value = defaultOf(member as z.core.$ZodType);
      const isNatural = name === naturalKey && value === "required";
      rows.set(name, { name, default: isNatural ? "the name" : value });
    }
  }
  return [...rows.values()];
}

function defaultOf(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodDefault) return JSON.stringify(schema.def.defaultValue);
  return schema instanceof z.ZodOptional ? "–" : "required";
}

function readExamples(page: string): string[] {
  return [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = ""]) => text);
}

/** A list of resources stands for a configcrate; with `name:` at its start it is one. */
function compileExample(example: string): void {
  const crate = example.startsWith("name:")
    ? example
    : `name: example\nresources:\n${example.replace(/^(?=.)/gm, "  ")}`;
  const templates = [...example.matchAll(/\btemplates\/[\w./-]+/g)].map(([path]) => [path, ""]);
  const checked = checkStacks(stackFiles({
    "configcrates/example.vgo": crate,
    "envoys.vgo": 'match: "*"\nconfigcrates: [example]\n',
    ...Object.fromEntries(templates),
  }));
  assert.ok(checked.ok, checked.ok ? "" : JSON.stringify(checked.problems, null, 2) + example);
  const compiled = compileHost(checked.tree, { hostname: "web-1", traits: TRAITS });
  assert.ok(compiled.ok, compiled.ok ? "" : JSON.stringify(compiled.problems, null, 2));
  const registry = standardRegistry();
  for (const { type, params, deferred = [] } of compiled.resources) {
    if (deferred.length > 0) continue;
    const binding = registry.bind(type, literalParameters(params));
    assert.ok(binding.ok, binding.ok ? "" : binding.reason);
  }
}
