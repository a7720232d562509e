import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { ArchiveError, noContent } from "./archive_entry.ts";
import { placeOf } from "./entry_place.ts";

function place(name: string, { strip = 0, kind = "file" } = {}): string | undefined {
  return placeOf({ name, kind, mode: 0o644, sizeBytes: 0, content: noContent() }, strip);
}

Deno.test("leading folders are left out, and what has no more than those", () => {
  assert.equal(place("./app/bin/x"), "app/bin/x");
  assert.equal(place("app-1.0/bin/x", { strip: 1 }), "bin/x");
  assert.equal(place("app-1.0/", { strip: 1, kind: "directory" }), undefined);
  assert.equal(place("README", { strip: 1 }), undefined);
});

for (const name of ["../x", "a/../../x", "/etc/passwd", "a/..", "..\\x", "a\\..\\x", "a\0b"]) {
  Deno.test(`${JSON.stringify(name)} leads out`, () => {
    assert.throws(() => place(name), /leads out of the folder/);
  });
}

Deno.test("a link leads out by being one", () => {
  assert.throws(() => place("x", { kind: "symbolic link" }), /is a symbolic link; only files/);
});

Deno.test("no name ends up outside the folder", () => {
  const part = fc.constantFrom("..", ".", "", "a", "b c", "...", "\\", "..\\..");
  fc.assert(fc.property(fc.array(part), fc.nat(3), (parts, strip) => {
    try {
      const found = place(parts.join("/"), { strip });
      if (found !== undefined) assert.ok(join("/srv/x", found).startsWith("/srv/x/"), found);
    } catch (error) {
      assert.ok(error instanceof ArchiveError);
    }
  }));
});
