import assert from "node:assert/strict";
import fc from "fast-check";
import { iniSchema } from "../../../shared/config/resources/ini.ts";
import { editIni } from "./edit_ini.ts";

function edited(text: string, params: Record<string, unknown>): string {
  const result = editIni(text, iniSchema.parse({ path: "/x", ...params }));
  return result.ok ? result.text : `refused: ${result.reason}`;
}

const MYSQL =
  "# server\nuser=root\n\n[mysqld]\n; limits\nmax_connections=100\nport = 3306\n\n[client]\nport = 1\n";

Deno.test("a value is replaced in its section, with its own spacing", () => {
  assert.equal(
    edited(MYSQL, { section: "mysqld", key: "max_connections", value: 200 }),
    MYSQL.replace("=100", "=200"),
  );
  assert.equal(
    edited(MYSQL, { section: "client", key: "port", value: 2 }),
    MYSQL.replace("= 1", "= 2"),
  );
  assert.equal(edited(MYSQL, { key: "user", value: "mysql" }), MYSQL.replace("=root", "=mysql"));
});

Deno.test("a new setting stands under the others of its section, a new section at the end", () => {
  assert.equal(
    edited(MYSQL, { section: "mysqld", key: "bind", value: "::" }),
    MYSQL.replace("3306\n", "3306\nbind = ::\n"),
  );
  assert.equal(
    edited(MYSQL, { section: "new", key: "on", value: true, separator: "=" }),
    `${MYSQL}\n[new]\non=true\n`,
  );
  assert.equal(
    edited(MYSQL, { key: "first", value: "1" }),
    MYSQL.replace("root\n", "root\nfirst = 1\n"),
  );
  assert.equal(edited("", { section: "a", key: "b", value: "c" }), "[a]\nb = c\n");
  assert.equal(
    edited("[core]\n\tbare = true\n", { section: "core", key: "x", value: "y" }),
    "[core]\n\tbare = true\n\tx = y\n",
  );
});

Deno.test("a comment is no setting, and the same key elsewhere is another one", () => {
  assert.equal(
    edited("[a]\n#k = 1\n[b]\nk = 2\n", { section: "a", key: "k", value: "3" }),
    "[a]\n#k = 1\nk = 3\n[b]\nk = 2\n",
  );
});

Deno.test("settings divided by colons and by blanks are understood", () => {
  assert.equal(edited("a: 1\n", { key: "a", value: 2, separator: ": " }), "a: 2\n");
  assert.equal(
    edited("Port 22\nListen 0\n", { key: "Port", value: 80, separator: " " }),
    "Port 80\nListen 0\n",
  );
  assert.equal(
    edited("Port\t22\n", { key: "Listen", value: 1, separator: " " }),
    "Port\t22\nListen 1\n",
  );
});

Deno.test("empty values come and go", () => {
  assert.equal(edited("a = 1\n", { key: "a", value: "" }), "a =\n");
  assert.equal(edited("a =\n", { key: "a", value: "1" }), "a = 1\n");
  assert.equal(edited("a =\n", { key: "a", value: "" }), "a =\n");
});

Deno.test("settings and sections are removed", () => {
  const absent = (params: Record<string, unknown>) =>
    edited(MYSQL, { ensure: "absent", ...params });
  assert.equal(absent({ section: "mysqld", key: "port" }), MYSQL.replace("port = 3306\n", ""));
  assert.equal(absent({ section: "client" }), MYSQL.replace("[client]\nport = 1\n", ""));
  assert.equal(absent({ section: "none" }), MYSQL);
  assert.equal(absent({ key: "user" }), MYSQL.replace("user=root\n", ""));
});

Deno.test("a key that stands twice, or a value over several lines, is for a person to decide about", () => {
  const twice = "[a]\nk=1\nk=2\n", long = "[a]\nk = 1\n  more\n";
  assert.match(
    edited(twice, { section: "a", key: "k", value: "3" }),
    /stands there 2 times \(lines 2, 3\)/,
  );
  assert.equal(edited(twice, { ensure: "absent", section: "a", key: "k" }), "[a]\n");
  assert.match(edited(long, { section: "a", key: "k", value: "3" }), /goes on after line 2/);
});

Deno.test("an edit of what it made changes nothing", () => {
  const line = fc.constantFrom(
    "[a]",
    "[b]",
    "k = 1",
    "k=1",
    "j: 2",
    "# k = 1",
    "",
    "  k = 3",
    "k 7",
  );
  const text = fc.array(line).map((lines) => lines.join("\n"));
  const section = fc.constantFrom("a", "b", "c", undefined);
  const separator = fc.constantFrom(" = ", "=", ": ", ":", " ");
  fc.assert(
    fc.property(
      text,
      section,
      separator,
      fc.constantFrom("", "1", "x = y"),
      (before, section, separator, value) => {
        const params = iniSchema.parse({
          path: "/x",
          key: "k",
          value,
          separator,
          ...(section && { section }),
        });
        const once = editIni(before, params);
        if (once.ok) assert.deepEqual(editIni(once.text, params), once);
      },
    ),
    { numRuns: 500 },
  );
});
