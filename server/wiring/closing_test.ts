import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { Closing } from "./closing.ts";

Deno.test("what was opened last is closed first, once, and a failure stops nothing", async () => {
  const closing = new Closing(getLogger("test"));
  const closed: string[] = [];
  for (const what of ["database", "listener", "timer"]) {
    closing.add(what, () => {
      closed.push(what);
      return what === "listener" ? Promise.reject(new RangeError("busy")) : Promise.resolve();
    });
  }
  await assert.rejects(closing.close(), /Cannot close listener: RangeError: busy/);
  assert.deepEqual(closed, ["timer", "listener", "database"]);
  await closing.close();
  assert.equal(closed.length, 3);
});
