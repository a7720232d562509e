import assert from "node:assert/strict";
import { PERMISSIONS } from "./permissions.ts";
import { PROGRAMS } from "./programs.ts";

Deno.test("what is compiled with all rights is only the agent", () => {
  for (const [name, flags] of Object.entries(PERMISSIONS)) {
    assert.ok(flags.includes("--no-prompt"), name);
    assert.equal(flags.includes("--allow-all"), name === "vigo", name);
    for (const right of ["run", "ffi", "import"]) {
      assert.equal(flags.includes(`--deny-${right}`), name !== "vigo", `${name} ${right}`);
    }
  }
});

Deno.test("the tasks that run the programs from source give them the same rights", async () => {
  const config = JSON.parse(await Deno.readTextFile(new URL("../deno.json", import.meta.url)));
  for (const { name, entry } of PROGRAMS) {
    const command = ["deno run", ...PERMISSIONS[name], entry].join(" ");
    assert.equal(config.tasks[name], command);
  }
});
