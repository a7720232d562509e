import assert from "node:assert/strict";
import fc from "fast-check";
import {
  findShadowHash,
  formatGroupLine,
  formatPasswdLine,
  parseGroup,
  parsePasswd,
  replaceLine,
} from "./account_tables.ts";

const PLAIN = { noNullPrototype: true };
const name = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,8}$/);
const field = fc.stringMatching(/^[^:\n\0]{0,12}$/);
const id = fc.integer({ min: 0, max: 4_294_967_294 });
const user = fc.record(
  { name, uid: id, gid: id, comment: field, home: field, shell: field },
  PLAIN,
);
const group = fc.record({ name, gid: id, members: fc.array(name, { maxLength: 4 }) }, PLAIN);

Deno.test("what is formatted is parsed to the same", () => {
  fc.assert(fc.property(user, (user) => {
    assert.deepEqual(parsePasswd(formatPasswdLine(user)), [user]);
  }));
  fc.assert(fc.property(group, (group) => {
    assert.deepEqual(parseGroup(formatGroupLine(group)), [group]);
  }));
});

Deno.test("lines that are none are passed over, and nothing throws", () => {
  const text = "root:x:0:0:root:/root:/bin/sh\n+::::::\n# note\nbroken:x:abc:0::/:\n\n";
  assert.deepEqual(parsePasswd(text).map(({ name }) => name), ["root"]);
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assert.ok(Array.isArray(parsePasswd(text)) && Array.isArray(parseGroup(text)));
  }));
});

Deno.test("replacing a line leaves every other line as it is", () => {
  const text = "a:1\nab:2\n# kept\nb:3\n";
  assert.equal(replaceLine(text, "ab", "ab:9"), "a:1\nab:9\n# kept\nb:3\n");
  assert.equal(replaceLine(text, "c", "c:4"), "a:1\nab:2\n# kept\nb:3\nc:4\n");
  assert.equal(replaceLine(text, "a", undefined), "ab:2\n# kept\nb:3\n");
  assert.equal(replaceLine(text, "zz", undefined), text);
});

Deno.test("the hash of a user is found by the whole name", () => {
  const text = "mara2:$6$x:1\nmara:!:1\n";
  assert.equal(findShadowHash(text, "mara"), "!");
  assert.equal(findShadowHash(text, "nobody"), undefined);
});
