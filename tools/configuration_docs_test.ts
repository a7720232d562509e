import assert from "node:assert/strict";
import { z } from "zod";
import { agentConfigSchema } from "../agent/store/agent_config.ts";
import { serverConfigSchema } from "../server/config/server_config_schema.ts";

for (
  const [heading, schema] of [
    ["server key", serverConfigSchema],
    ["agent key", agentConfigSchema],
  ] as const
) {
  Deno.test(`docs/configuration.md names every ${heading} in the order of the schema`, async () => {
    assert.deepEqual(await readKeys(heading), listKeys(schema));
  });
}

/** The dotted paths of all settings below an object, however its members are wrapped. */
function listKeys(schema: z.core.$ZodType, path = ""): string[] {
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodObject)) return [path];
  return Object.entries(inner.shape).flatMap(([name, member]) =>
    // A shape holds schemas and nothing else; its values are only typed more loosely.
    listKeys(member as z.core.$ZodType, path === "" ? name : `${path}.${name}`)
  );
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const isWrapped = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault;
  return isWrapped ? unwrap(schema.unwrap()) : schema;
}

/** The first column of the table with this heading, without its quotes. */
async function readKeys(heading: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL("../docs/configuration.md", import.meta.url));
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} `));
  assert.ok(start >= 0, `a table headed ${heading}`);
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  return rows.slice(0, end).map((row) => /`([^`]+)`/.exec(row)?.[1] ?? row);
}
