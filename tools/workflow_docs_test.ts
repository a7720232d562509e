import assert from "node:assert/strict";
import { readWorkflow } from "../shared/workflows/read_workflow.ts";

const page = await Deno.readTextFile(new URL("../docs/workflows.md", import.meta.url));

Deno.test("the workflow in docs/workflows.md can be run", () => {
  const [, text = ""] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? [];
  const read = readWorkflow(text, "docs/workflows.md");
  assert.deepEqual(read.ok ? [] : read.problems, []);
});

Deno.test("docs/workflows.md names every key of a workflow file, and no other", () => {
  const rows = [...page.matchAll(/^\| (`.*?`) +\|/gm)].map(([, cell = ""]) => cell);
  const named = rows.flatMap((cell) =>
    cell.replaceAll("`", "").split(", ").map((key) => key.trim())
  );
  const problem = (text: string) => {
    const read = readWorkflow(text, "w.yaml");
    const [line = ""] = read.ok ? [] : read.problems.filter((one) => one.includes("unknown key"));
    return /expected (.*)$/.exec(line)?.[1]?.split(", ") ?? [];
  };
  const known = [
    ...problem("name: x\nzzzzzzzzzzzz: 1\nsteps: []\n"),
    ...problem("name: x\nsteps:\n  - {zzzzzzzzzzzz: 1}\n"),
  ];
  assert.deepEqual(new Set(named), new Set(known));
});
