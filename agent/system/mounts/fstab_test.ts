import assert from "node:assert/strict";
import fc from "fast-check";
import { findFstabEntries, formatFstabEntry, removeFstabEntries, setFstabEntry } from "./fstab.ts";

const TEXT = "# comment\n\nUUID=1 / ext4 errors=remount-ro 0 1\ntmpfs\t/srv/a\\040b/\ttmpfs\n";

Deno.test("an entry is found by its path, with defaults for what is left out", () => {
  assert.deepEqual(findFstabEntries(TEXT, "/srv/a b"), [
    { device: "tmpfs", path: "/srv/a b", fstype: "tmpfs", options: ["defaults"], dump: 0, pass: 0 },
  ]);
  assert.deepEqual(findFstabEntries(TEXT, "/srv"), []);
});

Deno.test("one line is replaced or added, and the others stay as they are", () => {
  const entry = { device: "a", path: "/srv/a b", fstype: "xfs", options: ["ro"], dump: 0, pass: 2 };
  const changed = setFstabEntry(TEXT, entry);
  assert.equal(changed, TEXT.replace(/tmpfs\t.*/, "a /srv/a\\040b xfs ro 0 2"));
  assert.equal(setFstabEntry(changed, entry), changed);
  assert.equal(
    setFstabEntry("# no end of line", { ...entry, path: "/b" }),
    "# no end of line\na /b xfs ro 0 2\n",
  );
  assert.equal(removeFstabEntries(TEXT, "/srv/a b"), TEXT.split("tmpfs")[0]);
});

Deno.test("whatever a path holds is found again", () => {
  const path = fc.string({ unit: "binary-ascii", minLength: 1 }).map((text) =>
    `/${text.replaceAll(/[/\0\r\v\f]/g, "_")}`
  );
  fc.assert(fc.property(path, (at) => {
    const entry = { device: at, path: at, fstype: "none", options: ["bind"], dump: 0, pass: 0 };
    assert.deepEqual(findFstabEntries(formatFstabEntry(entry), at), [entry]);
  }));
});
