import assert from "node:assert/strict";
import { BASE_ENVIRONMENT } from "./processes.ts";
import { switchUser } from "./user_switch.ts";

const as = { uid: 65534, gid: 65533, groups: [4, 27] };

Deno.test("what is root until the user is changed sees no variable of the command by its name", () => {
  const hostile = { PATH: "/tmp/evil", LD_PRELOAD: "/tmp/evil.so", ENV: "/tmp/rc", IFS: "/" };
  const { argv, environment } = switchUser(["id"], hostile, as);
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith("VIGO_CARRIED_")) continue;
    assert.equal(value, BASE_ENVIRONMENT[name]);
  }
  assert.match(argv[0], /^\/(usr\/)?s?bin\/setpriv$/);
});

Deno.test("a value never stands in the arguments, which everybody can read", () => {
  const { argv } = switchUser(["id"], { TOKEN: "hunter2" }, as);
  assert.doesNotMatch(argv.join("\n"), /hunter2/);
});

Deno.test("a name that would be shell text is refused", () => {
  for (const name of ["A;id", "A=b", "$(id)", "", "1A", "A\nid"]) {
    assert.throws(() => switchUser(["id"], { [name]: "x" }, as), /expected a name like PATH/);
  }
});
