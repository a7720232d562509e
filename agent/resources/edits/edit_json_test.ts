import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonFileSchema } from "../../../shared/config/resources/json_file.ts";
import { editJson, MAX_JSON_LENGTH } from "./edit_json.ts";
import { parseJson } from "./parse_json.ts";

const PATH = "/etc/x.json";

function edited(text: string, set: Record<string, unknown>, remove: string[] = []): string {
  const result = editJson(text, jsonFileSchema.parse({ path: PATH, set, remove }));
  return result.ok ? result.text : `refused: ${result.reason}`;
}

const DAEMON = `{
    // how much is said
    "log-level": "info", /* or debug */
    "hosts": ["unix:///run/x.sock"],
    "big": 12345678901234567890,
    "nested": {
        "deep": { "on": true }
    } // the end
}
`;

Deno.test("a value is replaced where it stands, and nothing else changes", () => {
  assert.equal(
    edited(DAEMON, { "/log-level": "debug", "/nested/deep/on": false }),
    DAEMON.replace('"info"', '"debug"').replace("true", "false"),
  );
});

Deno.test("a new member comes last, indented as the others, and remarks stay where they are", () => {
  assert.equal(
    edited(DAEMON, { "/max": 5 }),
    DAEMON.replace("} // the end\n", '}, // the end\n    "max": 5\n'),
  );
});

Deno.test("objects on the way are made", () => {
  assert.equal(
    edited('{\n  "a": 1\n}\n', { "/b/c/d": [1, { "e": null }] }),
    '{\n  "a": 1,\n  "b": {\n    "c": {\n      "d": [\n        1,\n        {\n          "e": null\n        }\n      ]\n    }\n  }\n}\n',
  );
});

Deno.test("an empty object is filled, and an empty file becomes one", () => {
  assert.equal(edited("{}\n", { "/a": 1 }), '{\n  "a": 1\n}\n');
  assert.equal(edited("", { "/a/b": 1 }), '{\n  "a": {\n    "b": 1\n  }\n}\n');
  assert.equal(edited("", {}, ["/a"]), "");
  assert.equal(edited('{ "a": {}, "b": 1 }', { "/a/x": "y" }), '{ "a": {"x": "y"}, "b": 1 }');
  assert.equal(edited("{\n\t// nothing yet\n}", { "/a": 1 }).includes("// nothing yet"), true);
});

Deno.test("a text on one line stays on one line, with its blanks or without", () => {
  assert.equal(edited('{"a":1}', { "/b": { "c": [1, 2] } }), '{"a":1,"b":{"c":[1,2]}}');
  assert.equal(edited('{"a": 1}', { "/b": { "c": [1, 2] } }), '{"a": 1, "b": {"c": [1, 2]}}');
});

Deno.test("line ends of the other kind, tabs and a trailing comma are kept", () => {
  assert.equal(
    edited('{\r\n\t"a": 1,\r\n}\r\n', { "/b": { "c": 2 } }),
    '{\r\n\t"a": 1,\r\n\t"b": {\r\n\t\t"c": 2\r\n\t},\r\n}\r\n',
  );
});

Deno.test("members are removed wherever they stand", () => {
  const text = '{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}\n';
  assert.equal(edited(text, {}, ["/a"]), '{\n  "b": 2,\n  "c": 3\n}\n');
  assert.equal(edited(text, {}, ["/b"]), '{\n  "a": 1,\n  "c": 3\n}\n');
  assert.equal(edited(text, {}, ["/c"]), '{\n  "a": 1,\n  "b": 2\n}\n');
  assert.equal(edited(text, {}, ["/a", "/b", "/c"]), "{}\n");
  assert.equal(edited(text, {}, ["/a/x", "/d/e"]), text);
});

Deno.test("an item is set in its place or as the next one, never further and never removed", () => {
  assert.equal(edited('{"l":[1,2]}', { "/l/0": 5, "/l/2": 3 }), '{"l":[5,2,3]}');
  assert.match(edited('{"l":[1]}', { "/l/5": 1 }), /refused: .*has 1 items, and "5" is neither/);
  assert.match(edited('{"l":[1]}', {}, ["/l/0"]), /refused: .*another item would move/);
});

Deno.test("keys with slashes, tildes and blanks, and those that objects inherit, are keys like others", () => {
  const text = edited("{}", { "/a~1b/~0": 1, "/__proto__/x": 2, "/ ": 3 });
  assert.deepEqual(JSON.parse(text), JSON.parse('{"a/b":{"~":1},"__proto__":{"x":2}," ":3}'));
});

Deno.test("what cannot be edited says where and why", () => {
  assert.match(edited('{"a": 1', { "/b": 1 }), /not JSON at line 1, column 8: expected "," or "}"/);
  assert.match(edited('{\n"a": 1, "a": 2}', { "/b": 1 }), /line 2, column 9: "a" stands twice/);
  assert.match(edited('{"a": 1} x', { "/b": 1 }), /expected the end/);
  assert.match(edited('{"a": 1}', { "/a/b": 1 }), /cannot set "\/a\/b": what is above it is no/);
  assert.match(edited("[".repeat(300), { "/a": 1 }), /more than 200 levels/);
  assert.match(edited('{"a": "x\ny"}', { "/a": 1 }), /line 1, column 7: .*control characters/);
  assert.match(edited(" ".repeat(MAX_JSON_LENGTH + 1), { "/a": 1 }), /more than 1048576/);
  assert.match(edited("{a: 1}", { "/a": 1 }), /expected a value/);
});

Deno.test("a value that is the same in another order changes nothing", () => {
  const text = '{"a": {"y": 1, "x": [1.0, "\\u0061"]}}';
  assert.equal(edited(text, { "/a": { "x": [1, "a"], "y": 1 } }), text);
});

Deno.test("what is set is there afterwards, what is removed is not, and a second edit changes nothing", () => {
  const key = fc.constantFrom("a", "b", "c/d", "~");
  const pointer = fc.array(key, { minLength: 1, maxLength: 3 }).map((steps) =>
    steps.map((step) => `/${step.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("")
  );
  const leaf = fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.boolean());
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.dictionary(key, tie("value"), { maxKeys: 3 }),
      fc.array(tie("value"), { maxLength: 3 }),
    ),
  })).value;
  const indent = fc.constantFrom(0, 1, 2, 4, "\t");
  const document = fc.dictionary(key, json);
  fc.assert(
    fc.property(document, indent, pointer, json, pointer, (before, space, at, value, gone) => {
      const text = JSON.stringify(before, null, space);
      const parsed = jsonFileSchema.safeParse({ path: PATH, set: { [at]: value }, remove: [gone] });
      if (!parsed.success) return;
      const once = editJson(text, parsed.data);
      if (!once.ok) return;
      assert.equal(editJson(once.text, parsed.data).ok, true);
      assert.deepEqual(editJson(once.text, parsed.data), once);
      const found = at.slice(1).split("/").reduce<unknown>(
        (inner, step) =>
          Reflect.get(Object(inner), step.replaceAll("~1", "/").replaceAll("~0", "~")),
        JSON.parse(once.text),
      );
      assert.deepEqual(found, JSON.parse(JSON.stringify(value)));
    }),
  );
});

Deno.test("any text is read or refused, and what the platform reads is read alike", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    let expected: unknown;
    try {
      expected = JSON.parse(text);
    } catch {
      expected = undefined;
    }
    try {
      const node = parseJson(text);
      if (node.kind === "scalar" && expected !== undefined) assert.equal(node.value, expected);
    } catch (error) {
      assert.equal(error instanceof Error && error.name, "JsonSyntaxError");
      assert.ok(expected === undefined || /stands twice/.test(String(error)), String(error));
    }
  }));
});
