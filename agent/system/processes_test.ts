import assert from "node:assert/strict";
import { describeFailure } from "./processes.ts";

Deno.test("a failure shows the end of what was printed, and marks what it leaves out", () => {
  const result = { end: "exited", status: 2, stdout: "", stderr: "no such thing\n" } as const;
  assert.equal(describeFailure("make", result), "make ended with status 2: no such thing");
  const long = { ...result, stderr: `é${"x".repeat(100)}${"y".repeat(1_999)}z` };
  assert.equal(
    describeFailure("make", long),
    `make ended with status 2: … 102 bytes left out …\n${"y".repeat(1_999)}z`,
  );
});
