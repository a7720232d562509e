import assert from "node:assert/strict";
import fc from "fast-check";
import { Template, TemplateError } from "./template.ts";
import { createTemplateEngine, MAX_RENDERED_PARTS } from "./template_engine.ts";

const engine = createTemplateEngine();
const scope = {
  vars: { port: 80, on: false, list: [1, { a: 2 }], name: "web" },
  traits: { os: { distro: "debian" } },
};

function evaluate(text: string) {
  return new Template(text, engine).evaluate(scope);
}

Deno.test("a text that is one name keeps the type of what it names", () => {
  assert.equal(evaluate("{{ vars.port }}"), 80);
  assert.equal(evaluate("{{ vars.on }}"), false);
  assert.deepEqual(evaluate("{{ vars.list }}"), [1, { a: 2 }]);
  assert.equal(evaluate("{{ vars.port | plus: 1 }}"), 81);
});

Deno.test("a text with anything around the name is text", () => {
  assert.equal(evaluate("{{ vars.port }} "), "80 ");
  assert.equal(evaluate("{{ vars.name }}:{{ vars.port }}"), "web:80");
});

const WRONG: readonly [string, number, RegExp][] = [
  ["port {{ vars.prot }}", 8, /^undefined name "vars.prot". Did you mean "vars.port"\?$/],
  [
    "{{ traits.os.distor }}",
    3,
    /^undefined name "traits.os.distor". Did you mean "traits.os.distro"\?$/,
  ],
  ["{{ vars.port.constructor }}", 3, /^undefined name "vars.port.constructor"$/],
  ["{{ vars.name | shout }}", 0, /undefined filter: shout/],
  ["{{ vars.name", 0, /not closed/],
  ["{% assign x = traits.nope %}{{ x }}", 14, /^undefined name "traits.nope"/],
  ["{% include 'x' %}", 0, /tag "include" not found/],
  ["{% render 'x' %}", 0, /tag "render" not found/],
  ['{{ "now" | date: "%s" }}', 0, /undefined filter: date/],
  ["{% for i in (1..1000000000) %}x{% endfor %}", 0, /does too much work/],
];

for (const [text, offset, message] of WRONG) {
  Deno.test(`${text} is refused with a reason and its place`, () => {
    assert.throws(() => evaluate(text), (error) => {
      assert.ok(error instanceof TemplateError);
      assert.match(error.message, message);
      assert.equal(error.offset, offset);
      return true;
    });
  });
}

Deno.test("nested loops that create nothing end at a limit too", () => {
  const text =
    "{% for i in (1..9999) %}{% for j in (1..9999) %}{% for k in (1..9999) %}{% endfor %}{% endfor %}{% endfor %}";
  assert.throws(() => evaluate(text), /does too much work/);
});

Deno.test("a loop ends after so many parts, on a fast machine and on a slow one", () => {
  let reads = 0;
  const counted = {
    get tick() {
      return reads++;
    },
  };
  const loops =
    "{% for i in (1..900) %}{% for j in (1..900) %}{{ vars.tick }}{% endfor %}{% endfor %}";
  assert.throws(
    () => new Template(loops, engine).evaluate({ vars: counted, traits: {} }),
    /does too much work/,
  );
  assert.ok(reads <= MAX_RENDERED_PARTS);
});

Deno.test("a condition may ask for what is not there, and a default may stand in for it", () => {
  assert.equal(evaluate("{% if traits.container %}yes{% else %}no{% endif %}"), "no");
  assert.equal(evaluate("{{ traits.container.type | default: 'none' }}"), "none");
  assert.equal(evaluate("{% assign x = traits.nope | default: 'none' %}{{ x }}!"), "none!");
});

Deno.test("the names of a template are found with their places", () => {
  const template = new Template(
    "a\n{{ vars.b }}{% for x in traits.c %}{{ x }}{% endfor %}",
    engine,
  );
  assert.deepEqual(template.names(), [
    { path: ["vars", "b"], offset: 5 },
    { path: ["traits", "c"], offset: 26 },
  ]);
});

Deno.test("no template crashes: it renders, or it is refused with a reason", () => {
  const piece = fc.constantFrom(
    ..."{{|}}|{%|%}|-| |vars|.port|.list|traits.os|[0]|[|'|\"| if | for i in | endfor | endif | | json|.size|==|(1..3)|assign x = |raw|\n"
      .split("|"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      try {
        evaluate(pieces.join(""));
      } catch (error) {
        assert.ok(error instanceof TemplateError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
