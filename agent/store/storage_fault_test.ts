import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { storageFault } from "./storage_fault.ts";

Deno.test("a database that may grow no further is a fault of the disk", () => {
  using db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE filler (bytes BLOB)");
  db.exec("PRAGMA max_page_count = 4");
  assert.throws(
    () => db.exec("INSERT INTO filler VALUES (zeroblob(1000000))"),
    (error) => /full/.test(storageFault(error) ?? ""),
  );
});

Deno.test("what the system says of a full or read-only disk is a fault of the disk", () => {
  assert.ok(storageFault(Object.assign(new Error("write"), { code: "ENOSPC" })));
  assert.ok(storageFault(new Error("No space left on device (os error 28)")));
  assert.ok(storageFault(new Error("Read-only file system (os error 30)")));
});

Deno.test("a mistake of the program is none", () => {
  using db = new DatabaseSync(":memory:");
  assert.throws(() => db.exec("SELECT FROM"), (error) => storageFault(error) === undefined);
  assert.equal(storageFault(new TypeError("x is not a function")), undefined);
  assert.equal(storageFault("ENOSPC"), undefined);
});
