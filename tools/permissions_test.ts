import assert from "node:assert/strict";
import { PERMISSIONS } from "./permissions.ts";

Deno.test("what is compiled with all rights is only the agent", () => {
  for (const [name, flags] of Object.entries(PERMISSIONS)) {
    assert.ok(flags.includes("--no-prompt"), name);
    assert.equal(flags.includes("--allow-all"), name === "vigo", name);
    for (const right of ["run", "ffi", "import"]) {
      assert.equal(flags.includes(`--deny-${right}`), name !== "vigo", `${name} ${right}`);
    }
  }
});
