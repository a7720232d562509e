import assert from "node:assert/strict";
import { hostProblemsOf, problemsOf } from "./stack_fixture.ts";

/** `3:5 reason`, of the one configcrate. */
function mistakesIn(crate: string): string[] {
  return problemsOf(crate).map((problem) => problem.replace(/^configcrates\/a.vgo:/, ""));
}

Deno.test("a mistake in one resource hides none of those around it", () => {
  const places = mistakesIn(`vars: {ok: 1, bad: "{{ nope"}
resources:
  - file: "/{{ vars.missing }}"
    content: "{{ vars.alsomissing }} {{ vars.bad }}"
    mode: 99999
  - user: mara
    home: "{{ vars.hom }}"
    shell: 7
    depends_on: group:nowhere
  - directory: /y
    owmer: root
    depends_on: exec:nope
  - packge: nginx
  - service: nginx
    state: runing
    depends_on: package:nginx
  - package: p
    depends_on: package:q
    when: "vars.zz == 1"
  - package: q
    depends_on: package:p
`);
  assert.deepEqual(places.map((mistake) => mistake.slice(0, 42)), [
    '2:21: cannot render template: output "{{ n',
    '4:16: undefined name "vars.missing"',
    '5:18: undefined name "vars.alsomissing"',
    '6:11: "mode" of file is 99999: expected a ',
    '8:15: undefined name "vars.hom". Did you m',
    '9:12: "shell" of user:mara is 7: expected ',
    '10:17: unknown resource "group:nowhere": n',
    '12:5: unknown key "owmer" in directory. Di',
    '13:17: unknown resource "exec:nope": no co',
    '14:5: unknown resource type "packge". Did ',
    '16:12: "state" of service:nginx is "runing',
    "18:5: resources wait for each other: packa",
    '20:12: undefined name "vars.zz". Did you m',
  ]);
});

Deno.test("a file that cannot be read hides the mistakes of no other file, and makes none", () => {
  assert.deepEqual(
    problemsOf({
      "envoys.vgo": 'match: "*"\nconfigcrates: [a, b]\n',
      "configcrates/a.vgo":
        "name: a\nresources:\n  - file: /x\n    mode: 1\n    depends_on: file:/of/b\n    content: '{{ vars.nope }}'\n",
      "configcrates/b.vgo": "name: b\nresources: [\n",
    }).map((problem) => problem.slice(0, 24)),
    ["configcrates/a.vgo:4:11:", "configcrates/a.vgo:6:18:", "configcrates/b.vgo:3:1: "],
  );
});

Deno.test("everything that is wrong for one host is said at once", () => {
  const places = hostProblemsOf(`resources:
  - file: /x
    mode: "{{ traits.os.distro }}"
    owner: "{{ traits.os.major | divided_by: 'x' }}"
  - file: "z{{ traits.os.family }}"
  - directory: "/{{ traits.os.family }}"
  - directory: "/{{ traits.os.distro }}"
`).map((problem) => problem.slice(0, 35));
  assert.deepEqual(places, [
    'configcrates/a.vgo:4:11: "mode" of ',
    'configcrates/a.vgo:5:12: "owner" of',
    'configcrates/a.vgo:6:11: "path" of ',
    "configcrates/a.vgo:8:5: duplicate r",
  ]);
});
