import assert from "node:assert/strict";
import { z } from "zod";
import { readColumn } from "./read_column.ts";
import { StoreError } from "./store_error.ts";

const schema = z.object({ target: z.string() });

Deno.test("a column is read as the form it was written in", () => {
  assert.deepEqual(readColumn(schema, '{"target":"web-*"}', "a task"), { target: "web-*" });
});

Deno.test("a row that somebody damaged is told in one line that names it and what to do", () => {
  for (const text of ["", '{"target":', '{"target":3}', "null"]) {
    assert.throws(() => readColumn(schema, text, "the tags of web-1"), (error: unknown) => {
      assert.ok(error instanceof StoreError);
      assert.match(error.message, /^Cannot read the tags of web-1 .*vigosrv restore`$/);
      return true;
    });
  }
});
