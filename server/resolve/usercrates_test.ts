import assert from "node:assert/strict";
import { problemsOf, resourcesOf } from "./stack_fixture.ts";

const MARA = `name: mara
resources:
  - user: mara
    shell: "{{ vars.shell }}"
    puddle: true
    poolq: true
`;

Deno.test("hosts get the usercrates that their entry and folders name, after their configcrates", () => {
  const resources = resourcesOf({
    "configcrates/a.vgo": "name: a\nresources:\n  - file: /x\n    owner: mara\n",
    "usercrates/mara.vgo": MARA,
    "usercrates/jo.vgo":
      "name: jo\nvars: {shell: /bin/zsh}\nresources:\n  - user: jo\n    gitback: true\n",
    "common.vgo": "vars: {shell: /bin/sh}\nusercrates: [mara]\n",
    "envoys.vgo": 'match: "*"\nconfigcrates: [a]\nusercrates: [jo, mara]\n',
  });
  assert.deepEqual(resources.map(({ id, crate }) => [id, crate]), [
    ["user:mara", "usercrates/mara"],
    ["file:/x", "a"],
    ["user:jo", "usercrates/jo"],
  ]);
  const [mara] = resources;
  assert.deepEqual(
    [mara?.params.puddle, mara?.params.poolq, mara?.params.gitback, mara?.params.curator],
    [true, true, false, false],
  );
  assert.equal(mara?.params.shell, "/bin/sh");
});

Deno.test("a usercrate may have the name of a configcrate", () => {
  const resources = resourcesOf({
    "configcrates/a.vgo": "name: a\nresources:\n  - file: /x\n",
    "usercrates/a.vgo": "name: a\nresources:\n  - user: a\n",
    "envoys.vgo": 'match: "*"\nconfigcrates: [a]\nusercrates: [a]\n',
  });
  assert.deepEqual(resources.map(({ crate }) => crate), ["a", "usercrates/a"]);
});

Deno.test("mistakes in usercrates are reported, also in those that nobody names", () => {
  assert.deepEqual(
    problemsOf({
      "configcrates/a.vgo": "name: a\n",
      "usercrates/mara.vgo":
        "name: mara\ndepends_on: [a]\nresources:\n  - file: /x\n  - user: mara\n    pudle: true\n",
      "usercrates/other.vgo": "name: mara\n",
      "usercrates/jo.vgo": "name: jo\nresources:\n  - user: jo\n    puddle: perhaps\n",
      "envoys.vgo": 'match: "*"\nconfigcrates: [a]\nusercrates: [marra, a]\n',
    }),
    [
      'envoys.vgo:3:14: unknown usercrate "marra". Did you mean "mara"?',
      'envoys.vgo:3:21: unknown usercrate "a": no file below usercrates/ has this name',
      'usercrates/jo.vgo:4:13: "puddle" of user:jo is "perhaps": expected boolean, received string',
      'usercrates/mara.vgo:2:1: unknown key "depends_on" in usercrate: expected one of name, vars, defaults, when, foreach, resources',
      "usercrates/mara.vgo:4:5: a usercrate holds user resources only: move the file to a configcrate",
      'usercrates/mara.vgo:6:5: unknown key "pudle" in user. Did you mean "puddle"?',
      'usercrates/other.vgo:1:7: duplicate usercrate "mara": usercrates/mara.vgo:1:7 has that name',
    ],
  );
});
