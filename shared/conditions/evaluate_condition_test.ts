import assert from "node:assert/strict";
import fc from "fast-check";
import { Condition, ConditionError, MAX_CONDITION_LENGTH } from "./condition.ts";
import type { ConditionFacts, ConditionScope, ConditionVerdict } from "./condition_facts.ts";
import { evaluateCondition } from "./evaluate_condition.ts";

const SCOPE: ConditionScope = {
  vars: { port: 8080, name: "web-1", on: true, users: [{ name: "mara" }, { name: "jo" }] },
  env: "production",
};

/** On the machine itself everything is known. */
const MACHINE: ConditionFacts = {
  traits: {
    os: { family: "debian", distro: "ubuntu", type: "linux", major: 12 },
    container: { inside: false },
    network: { interfaces: ["lo", "eth0"] },
    memory: { total_mb: 2048.5 },
  },
  missingTraits: "absent",
  changed: false,
  portListening: (port) => port === 22,
};

/** On the server the future of a run is not known, and what a machine did not tell may be there all the same. */
const SERVER: ConditionFacts = {
  ...MACHINE,
  missingTraits: "undecided",
  changed: undefined,
  portListening: () => undefined,
};

function evaluate(text: string, facts = MACHINE, scope = SCOPE): string {
  const verdict = evaluateCondition(text, scope, facts);
  return verdict.state === "wrong" ? `${verdict.offset}: ${verdict.message}` : verdict.state;
}

const HOLD = [
  'traits.os.distro == "ubuntu"',
  'traits["os"]["distro"] == "ubuntu" && env == "production"',
  'os_family("debian") && os_family("Ubuntu") && os_family("linux") && !os_family("redhat")',
  "!is_container()",
  'has_trait("os.major") && !has_trait("os.minor") && !has_trait("cloud.provider")',
  "port_listening(22) && !port_listening(80)",
  "vars.port == 8080 && vars.port > 80 && vars.port != 80",
  "vars.port + 1 == 8081 && vars.port % 2 == 0 && -vars.port < 0",
  "7 / 2 == 3 && 7.0 / 2 == 3.5",
  'vars.name.startsWith("web") && vars.name.matches("^web-[0-9]+$") && vars.name.size() == 5',
  '"eth0" in traits.network.interfaces && !("eth1" in traits.network.interfaces)',
  '"port" in vars && has(vars.port) && !has(vars.prot)',
  'vars.users.exists(u, u.name == "mara") && vars.users.all(u, size(u.name) > 1)',
  'vars.users.map(u, u.name) == ["mara", "jo"] && vars.users.filter(u, u.name == "jo").size() == 1',
  'vars.users.exists_one(u, u.name == "jo")',
  'vars.users[1].name == "jo"',
  '{"a": [1, 2.0]} == {"a": [1.0, 2]} && 1 != 2 && "1" != 1',
  'vars.on ? env == "production" : false',
  'string(vars.port) == "8080" && int("7") == 7',
  "traits.memory.total_mb >= 2048",
  "!changed",
];

for (const text of HOLD) {
  Deno.test(`${text} holds`, () => assert.equal(evaluate(text), "true"));
}

Deno.test("what decides wins over a mistake, on either side", () => {
  for (const text of ["false && vars.prot", "vars.prot && false", "vars.name && false"]) {
    assert.equal(evaluate(text), "false", text);
  }
  for (const text of ["true || vars.prot", "vars.prot || true"]) {
    assert.equal(evaluate(text), "true", text);
  }
  assert.equal(evaluate("[1, 2].exists(x, x == 2 || vars.prot)"), "true");
  assert.equal(evaluate("[1, 0].exists(x, 1 / x == 1)"), "true");
  assert.equal(evaluate("[0, 2].all(x, 1 / x == 1)"), "false");
});

Deno.test("what is not known yet leaves undecided only what depends on it", () => {
  assert.equal(evaluate("changed", SERVER), "undecided");
  assert.equal(evaluate("!changed && port_listening(80)", SERVER), "undecided");
  assert.equal(evaluate('changed && env == "staging"', SERVER), "false");
  assert.equal(evaluate('port_listening(80) || env == "production"', SERVER), "true");
  assert.equal(evaluate('changed ? env == "a" : env == "b"', SERVER), "undecided");
  assert.equal(evaluate("vars.prot && changed", SERVER), "undecided");
  assert.equal(evaluate("[changed][0]", SERVER), "undecided");
});

Deno.test("a trait that a machine did not tell is undecided, and one that it lacks is a mistake there", () => {
  assert.equal(evaluate('traits.cloud.provider == "x"', SERVER), "undecided");
  assert.equal(evaluate('traits.os.distor == "x"', SERVER), "undecided");
  assert.equal(evaluate("[traits.os].all(o, o.minor == 1)", SERVER), "undecided");
  assert.equal(
    evaluate('traits.os.distor == "x"'),
    '0: undefined name "traits.os.distor". Did you mean "traits.os.distro"?',
  );
  assert.equal(evaluate("has(traits.os.minor)", SERVER), "false");
  assert.equal(evaluate('has_trait("os.minor")', SERVER), "false");
  assert.equal(evaluate('has_trait("cloud.provider")', SERVER), "undecided");
  assert.equal(evaluate("traits.os.major == 12", { ...SERVER, traits: undefined }), "undecided");
  for (const text of ['os_family("x")', "is_container()", 'has_trait("a.b")']) {
    assert.equal(evaluate(text, { ...SERVER, traits: {} }), "undecided", text);
  }
});

Deno.test("of a collector that failed nothing is known, on the machine either", () => {
  const facts = { ...MACHINE, traits: {}, failedCollectors: ["os", "container", "cloud"] };
  for (
    const text of [
      "traits.os.major == 1",
      'has_trait("cloud.provider")',
      "is_container()",
      'os_family("x")',
    ]
  ) {
    assert.equal(evaluate(text, facts), "undecided", text);
  }
  assert.equal(evaluate('has_trait("disk.x")', facts), "false");
});

const WRONG: readonly [string, string][] = [
  ["vars.prot == 1", '0: undefined name "vars.prot". Did you mean "vars.port"?'],
  [
    'env == "x" || vars.users[5].name == "x"',
    '14: undefined name "vars.users.5": the list has 2 members',
  ],
  ["1 == 1 && prot", '10: undefined name "prot": expected vars.prot or traits.prot'],
  ["trait.os", '0: undefined name "trait". Did you mean "traits"?'],
  ["item.x == 1", '0: undefined name "item": it exists where there is "foreach"'],
  ["vars.port", "0: condition is 8080: expected true or false"],
  ["vars.users", "0: condition is a list: expected true or false"],
  ["1 + 2", "2: condition is 3: expected true or false"],
  ['"x" + 1 == "x"', '4: "+" cannot be used with "x" and 1'],
  ["1 / 0 == 1", '2: "/" fails: int divide by zero'],
  ["vars.port && true", "0: 8080 is neither true nor false"],
  ["os_famly('debian')", '0: unknown function "os_famly". Did you mean "os_family"?'],
  ["timestamp('x') == 1", '0: unknown function "timestamp": expected one of os_family,'],
  ["port_listening('x')", "0: port_listening() takes a port from 1 to 65535"],
  ["vars.port = 1", '10: cannot read condition at "= 1": "==" compares'],
  ["vars.on and true", '8: cannot read condition at "and true": expected "&&", "||" or "!"'],
  ["vars.on &&", '8: cannot read condition at "&&": expected a complete CEL expression'],
  ["", "0: condition ends too early: expected a value"],
  ['b"x" == 1', "0: conditions have no bytes and no unsigned numbers"],
  ["google.Foo{a: 1} == 1", '0: conditions have no "google.Foo"'],
  ["vars.name.all(x, true)", '9: "web-1" has no members: expected a list or a map'],
  ["vars.name.matches('(')", '9: "matches" fails: error parsing regexp'],
];

for (const [text, message] of WRONG) {
  Deno.test(`${text} is refused with a reason and its place`, () => {
    const found = evaluate(text);
    assert.equal(found.slice(0, message.length), message);
  });
}

Deno.test("no condition takes long, whatever its loops and patterns are", () => {
  const list = `[${"1,".repeat(400)}1]`;
  const scope = { vars: { list: Array.from({ length: 5000 }, (_, each) => each) } };
  for (
    const text of [
      `${list}.all(a, ${list}.all(b, ${list}.all(c, a == c)))`,
      "vars.list.all(a, vars.list.all(b, a + b >= 0))",
      "vars.list.all(a, !(a + 1 in vars.list.map(x, x - 10000)))",
      "vars.list.all(a, vars.list == vars.list)",
    ]
  ) {
    assert.match(evaluate(text, MACHINE, scope), /does too much work/);
  }
  const nested = "[1].all(a, ".repeat(5) + "true" + ")".repeat(5);
  assert.match(evaluate(nested), /nested deeper than 4/);
  assert.match(evaluate("(".repeat(2000) + "true" + ")".repeat(2000)), /nested too deep/);
  for (const open of "([{") assert.match(evaluate(open.repeat(65)), /nested too deep/);
  assert.match(evaluate("(".repeat(64) + "true" + ")".repeat(64)), /^true$/);
  assert.match(evaluate("(true)&&".repeat(200) + "true"), /^true$/);
  assert.match(evaluate("!".repeat(MAX_CONDITION_LENGTH + 1)), /the limit is 4096/);
  const hostile = { vars: { name: "a".repeat(50_000) } };
  assert.equal(evaluate('vars.name.matches("^(a+)+$x")', MACHINE, hostile), "false");
});

Deno.test("what a scope throws on being read comes out as it is", () => {
  const interruption = new Error("a secret");
  const vars = Object.defineProperty({}, "password", {
    enumerable: true,
    get: () => {
      throw interruption;
    },
  });
  assert.throws(
    () => evaluateCondition('vars.password == "x"', { vars }, MACHINE),
    (error) => error === interruption,
  );
});

Deno.test("the names of a condition are found with their places", () => {
  const condition = Condition.parse(
    'vars.a["b"].c == 1 && [1].all(x, x == item.y) && vars[env] && traits.os[vars.i] && has(vars.z)',
  );
  assert.deepEqual(condition.names.map(({ path, offset }) => ({ path, offset })), [
    { path: ["vars", "a", "b", "c"], offset: 0 },
    { path: ["item", "y"], offset: 38 },
    { path: ["vars"], offset: 49 },
    { path: ["env"], offset: 54 },
    { path: ["traits", "os"], offset: 62 },
    { path: ["vars", "i"], offset: 72 },
    { path: ["vars", "z"], offset: 87 },
  ]);
  assert.deepEqual(condition.names.filter(({ isAskedFor }) => isAskedFor).length, 1);
});

Deno.test("no text crashes the parser or the evaluator", () => {
  const piece = fc.constantFrom(
    ..."vars|traits|env|item|changed|.|.port|[|]|(|)|&&| || |!|==|in |1|1.5|\"x\"|'|{|}|:|,|?|-|+|%|.all(x, x)|.map(x,|has(|os_family(|size(|//|\n|\\|r'|é| "
      .split("|"),
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join("")),
    fc.string({ unit: "binary", maxLength: 30 }),
  );
  fc.assert(
    fc.property(text, fc.constantFrom(MACHINE, SERVER), (expression, facts) => {
      const verdict = evaluateCondition(expression, SCOPE, facts);
      if (verdict.state === "wrong") assert.ok(verdict.offset >= 0 && verdict.message !== "");
    }),
    { numRuns: 1000 },
  );
});

Deno.test("what the server decides holds on the machine, whatever it did not know", () => {
  const leaf = fc.constantFrom(
    "changed",
    "port_listening(22)",
    "traits.os.major == 12",
    "traits.cloud.id == 1",
    'has_trait("cloud.id")',
    "vars.on",
    "true",
    "false",
  );
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.tuple(tie("expression"), fc.constantFrom("&&", "||", "=="), tie("expression"))
        .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      tie("expression").map((a) => `!(${a})`),
    ),
  }));
  const machine: ConditionFacts = {
    ...MACHINE,
    traits: { ...MACHINE.traits, cloud: { id: 1 } },
    changed: true,
  };
  fc.assert(fc.property(expression, (text) => {
    const early: ConditionVerdict = evaluateCondition(text, SCOPE, SERVER);
    const late = evaluateCondition(text, SCOPE, machine);
    if (early.state !== "undecided") assert.equal(late.state, early.state);
    assert.notEqual(late.state, "undecided");
  }));
});

Deno.test("a parsed condition is refused as it is built", () => {
  assert.throws(() => Condition.parse("vars."), ConditionError);
});
