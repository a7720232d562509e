import assert from "node:assert/strict";
import fc from "fast-check";
import { stackFiles } from "../stacks/stack_fixture.ts";
import { compareFleetInSteps } from "../publish/host_changes.ts";
import { checkStacks } from "./check_stacks.ts";
import { compileHost } from "./compile_host.ts";
import { PolicyCompiler } from "./policy_compiler.ts";

function loadTree() {
  const checked = checkStacks(stackFiles({
    "envoys.vgo":
      'envoys:\n  - {match: "web-*", configcrates: [a], vars: {x: 1}}\n  - {match: "db-*", configcrates: [a], vars: {x: 2}}\n  - {match: "hub*", configcrates: [b]}\n',
    "configcrates/a.vgo":
      'name: a\nresources:\n  - file: /x\n    content: "{{ vars.x }}{% if traits.a %}{{ traits.b }}{% endif %}"\n',
    "configcrates/b.vgo":
      'name: b\nresources:\n  - file: /y\n    content: "{{ traits.agent_self.hostname }}"\n',
  }));
  assert.ok(checked.ok);
  return checked.tree;
}

Deno.test("hosts that are alike in what their policy reads share one result", () => {
  const compiler = new PolicyCompiler(loadTree());
  const first = compiler.compile({ hostname: "web-1", traits: { a: true, b: 1, c: 1 } });
  assert.equal(compiler.compile({ hostname: "web-2", traits: { a: true, b: 1, c: 2 } }), first);
  assert.notEqual(compiler.compile({ hostname: "web-2", traits: { a: true, b: 2 } }), first);
  assert.notEqual(compiler.compile({ hostname: "db-1", traits: { a: true, b: 1 } }), first);
});

Deno.test("hosts whose policy names them do not share one", () => {
  const compiler = new PolicyCompiler(loadTree());
  const contents = ["hub", "hub-2", "hub"].map((hostname) => {
    const compiled = compiler.compile({ hostname, traits: { agent_self: { hostname: "liar" } } });
    return compiled.ok ? compiled.resources[0]?.params.content : undefined;
  });
  assert.deepEqual(contents, ["hub", "hub-2", "hub"]);
});

Deno.test("a remembered result is what compiling again would give", () => {
  const tree = loadTree();
  const compiler = new PolicyCompiler(tree);
  const facts = fc.record({
    hostname: fc.constantFrom("web-1", "web-2", "db-1", "hub", "hub-2", "other"),
    traits: fc.record({ a: fc.boolean(), b: fc.nat(3) }, { requiredKeys: [] }),
  });
  fc.assert(fc.property(facts, (host) => {
    const { reads: _, ...compiled } = compiler.compile(host);
    const { reads: __, ...fresh } = compileHost(tree, host);
    assert.deepEqual(compiled, fresh);
  }));
});

Deno.test("entries that give the same share one result, and others do not", () => {
  const entry = (match: string, rest: string) =>
    `  - {match: ${match}, configcrates: [a]${rest}}\n`;
  const checked = checkStacks(stackFiles({
    "configcrates/a.vgo":
      'name: a\nvars: {x: 1}\nresources:\n  - file: /x\n    content: "{{ vars.x }}{% if env %}{{ env }}{% endif %}"\n',
    "envoys.vgo": "envoys:\n" + entry("a", ", vars: {x: 2}") + entry("b", ", vars: {x: 2}") +
      entry("c", ", vars: {x: 3}") + entry("d", "") + entry("e", ", environment: p, vars: {x: 2}") +
      entry("f", ", vars: {x: '{{ 2 }}'}") + entry("g", ", vars: {x: secret:x}") +
      entry("h", ", vars: {x: secret:y}"),
  }));
  assert.ok(checked.ok);
  const compiler = new PolicyCompiler(checked.tree);
  const results = [..."abcdefgh"].map((hostname) => compiler.compile({ hostname, traits: {} }));
  assert.equal(results[0], results[1]);
  assert.equal(new Set(results).size, results.length - 1);
  assert.deepEqual(
    results.map((each) => each.ok && each.resources[0]?.params.content),
    ["2", "2", "3", "1", "2p", "2", undefined, undefined],
  );
});

Deno.test("entries that differ in variables which nothing looks at share one result, however a variable is looked at", () => {
  const shared = (content: string) => {
    const entry = (match: string, x: number, y: number) =>
      `  - {match: ${match}, configcrates: [a], vars: {x: ${x}, y: ${y}, z: "{{ vars.y }}"}}\n`;
    const checked = checkStacks(stackFiles({
      "configcrates/a.vgo":
        `name: a\nvars: {w: "{{ vars.z }}"}\nresources:\n  - file: /x\n    content: ${content}\n`,
      "envoys.vgo": "envoys:\n" + entry("a", 1, 1) + entry("b", 1, 2) + entry("c", 2, 1),
    }));
    assert.ok(checked.ok, content);
    const compiler = new PolicyCompiler(checked.tree);
    const [a, b, c] = [..."abc"].map((hostname) => compiler.compile({ hostname, traits: {} }));
    return [a === b, a === c];
  };
  assert.deepEqual(shared('"constant"'), [true, true]);
  assert.deepEqual(shared('"{{ vars.x }}"'), [true, false]);
  // Not shared with whoever has other templates, which are told apart by where they stand.
  assert.deepEqual(shared('"{{ vars.w }}"'), [false, false]);
  assert.deepEqual(shared('"{% for each in vars %}{{ each[1] }}{% endfor %}"'), [false, false]);
  assert.deepEqual(shared("x\n    when: vars.x == 1"), [true, false]);
  assert.deepEqual(shared("x\n    when: port_listening(vars.y)"), [false, true]);
});

Deno.test("a host that no policy can be compiled for by a fault of the compiler keeps nobody else from one", () => {
  const broken = {
    hostname: "web-2",
    traits: {
      a: true,
      // Stands for whatever a compiler has not reckoned with.
      get b(): string {
        throw new TypeError("nobody thought of this");
      },
    },
  };
  const compiler = new PolicyCompiler(loadTree());
  const hosts = [{ hostname: "web-1", traits: { a: true, b: 1 } }, broken, {
    hostname: "web-3",
    traits: { a: true, b: 3 },
  }];
  const steps = compareFleetInSteps(undefined, compiler, hosts);
  let step = steps.next();
  while (!step.done) step = steps.next();
  const groups = step.value.changes.map(({ hosts: names, problems }) => [names, problems]);
  assert.deepEqual(groups.slice(0, 2), [[["web-1"], []], [["web-2"], [
    'envoys.vgo:2:13: the traits of "web-2" cannot be compiled with: nobody thought of this',
  ]]]);
  assert.deepEqual(groups[2], [["web-3"], []]);
});
