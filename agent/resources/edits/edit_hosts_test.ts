import assert from "node:assert/strict";
import fc from "fast-check";
import { hostSchema } from "../../../shared/config/resources/host.ts";
import { editHosts } from "./edit_hosts.ts";

function edited(text: string, params: Record<string, unknown>): string {
  const result = editHosts(text, hostSchema.parse(params));
  return result.ok ? result.text : `refused: ${result.reason}`;
}

Deno.test("aliases that are not given stay, and those that are given are all there is", () => {
  assert.equal(edited("10.0.0.1 db old\n", { name: "db", ip: "10.0.0.2" }), "10.0.0.2 db old\n");
  const params = { name: "db", ip: "10.0.0.1", aliases: ["new"] };
  assert.equal(edited("10.0.0.1 db old\n", params), "10.0.0.1 db new\n");
  const none = { name: "db", ip: "10.0.0.1", aliases: [] };
  assert.equal(edited("10.0.0.1 db old\n", none), "10.0.0.1 db\n");
});

Deno.test("another order of aliases, other case and another spelling of an address are in sync", () => {
  const text = "FD00:0:0::5   DB b a # by hand\n";
  assert.equal(edited(text, { name: "db", ip: "fd00::5", aliases: ["a", "b"] }), text);
});

Deno.test("a name that is an alias elsewhere, or stands in a comment, is another matter", () => {
  const text = "10.0.0.9 gate db\n# 10.0.0.8 db\n";
  assert.equal(edited(text, { name: "db", ip: "10.0.0.1" }), `${text}10.0.0.1\tdb\n`);
  assert.equal(edited(text, { name: "db", ensure: "absent" }), text);
});

Deno.test("one address of a name is removed, or all", () => {
  const text = "10.0.0.1 db\nfd00::1 db\n10.0.0.2 other\n";
  assert.equal(
    edited(text, { name: "db", ensure: "absent", ip: "fd00:0::1" }),
    "10.0.0.1 db\n10.0.0.2 other\n",
  );
  assert.equal(edited(text, { name: "db", ensure: "absent" }), "10.0.0.2 other\n");
});

Deno.test("an edit of what it made changes nothing", () => {
  const line = fc.constantFrom(
    "10.0.0.1 a",
    "10.0.0.2\ta b # c",
    "::1 a",
    "# x",
    "",
    "junk",
    "fe80::1%lo0 a",
  );
  const text = fc.array(line).map((lines) => lines.join("\n"));
  const ip = fc.constantFrom("10.0.0.2", "::1");
  const aliases = fc.constantFrom(undefined, [], ["b"]);
  fc.assert(fc.property(text, ip, aliases, (before, ip, aliases) => {
    const params = hostSchema.parse({ name: "a", ip, ...(aliases && { aliases }) });
    const once = editHosts(before, params);
    assert.ok(once.ok);
    assert.deepEqual(editHosts(once.text, params), once);
  }));
});
