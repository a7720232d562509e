import assert from "node:assert/strict";
import { z } from "zod";
import { parseGateList } from "../shared/targeting/gate_list.ts";
import { MAX_TARGET_TERMS } from "../shared/targeting/target_split.ts";
import { MAX_TARGET_SPEC_LENGTH, parseTargetSpec } from "../shared/targeting/target_spec.ts";
import { TargetSpecError } from "../shared/targeting/target_spec_error.ts";

const page = await Deno.readTextFile(new URL("../docs/targeting.md", import.meta.url));

/** The one block of the page with this kind behind its language. */
function block(kind: string): string {
  const [, text] = new RegExp(`\`\`\`\\w+ ${kind}\\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  return text ?? assert.fail(`the page has no block "${kind}"`);
}

/** Its lines, cut at the arrow. */
function pairs(kind: string): [left: string, right: string][] {
  return block(kind).trimEnd().split("\n").map((line) => {
    const at = line.indexOf("->");
    assert.ok(at > 0, line);
    return [line.slice(0, at).trim(), line.slice(at + 2).trim()];
  });
}

const fleet = z.array(z.strictObject({
  hostname: z.string(),
  uuid: z.uuid(),
  tags: z.record(z.string(), z.string()),
  traits: z.unknown(),
})).parse(JSON.parse(block("fleet")));

Deno.test("each example of the page hits the hosts that stand behind it", () => {
  const examples = pairs("hits");
  assert.ok(examples.length > 25);
  for (const [source, hosts] of examples) {
    const spec = parseTargetSpec(source);
    const hit = fleet.filter((envoy) => spec.matches(envoy)).map(({ hostname }) => hostname);
    assert.deepEqual(hit, hosts === "" ? [] : hosts.split(" "), source);
  }
});

Deno.test("what the page calls unreadable is refused for the reason it gives", () => {
  for (const [source, problem] of pairs("refused")) {
    assert.throws(
      () => parseTargetSpec(source),
      (error) => error instanceof TargetSpecError && error.message.includes(problem),
      source,
    );
  }
});

Deno.test("the page's gate lists allow whom it says", () => {
  const examples = z.array(z.strictObject({
    gate: z.union([z.boolean(), z.array(z.string())]),
    allows: z.array(z.string()),
  })).parse(JSON.parse(block("gates")));
  for (const { gate, allows } of examples) {
    const list = parseGateList(gate);
    const allowed = fleet.map(({ hostname }) => hostname).filter((name) => list.allows(name));
    assert.deepEqual(allowed, allows, JSON.stringify(gate));
  }
});

Deno.test("the page gives the limits of the code", () => {
  assert.ok(
    page.includes(`${MAX_TARGET_SPEC_LENGTH} characters and ${MAX_TARGET_TERMS} conditions`),
  );
});
