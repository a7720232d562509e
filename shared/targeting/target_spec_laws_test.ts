import assert from "node:assert/strict";
import fc from "fast-check";
import { parseTargetSpec } from "./target_spec.ts";
import { TargetSpecError } from "./target_spec_error.ts";
import type { TargetSubject } from "./target_subject.ts";
import { findTraitValues } from "./trait_values.ts";

// Small alphabets, so that specs and subjects meet often enough for the laws to be tested on both verdicts.
const UUIDS = ["3f0c2a52-9d3e-4a39-8a6e-0c1de5b7a001", "3f0c2a52-9d3e-4a39-8a6e-0c1de5b7a002"];
const hostname = fc.stringMatching(/^[ab]{1,3}$/);
const value = fc.oneof(
  fc.constantFrom("x", "y", "x,y", "-x", "a & b", ' "q" ', "\\", "=", "", "12", "-3"),
  fc.string({ maxLength: 4 }),
);
const member = fc.oneof(value, fc.integer({ min: -5, max: 20 }), fc.boolean(), fc.constant(null));
const subject: fc.Arbitrary<TargetSubject> = fc.record({
  hostname,
  uuid: fc.constantFrom(...UUIDS),
  traits: fc.record({
    os: fc.record({ x: fc.oneof(member, fc.array(member, { maxLength: 3 })) }, {
      requiredKeys: [],
    }),
    "odd name": member,
  }, { requiredKeys: [] }),
  tags: fc.dictionary(fc.constantFrom("r", "odd name"), value),
});

const quoted = fc.string({ maxLength: 4, unit: fc.constantFrom(...'xy,&-="\\ 12') }).map((text) =>
  `"${text.replaceAll(/["\\]/g, "\\$&")}"`
);
const field = fc.constantFrom("os.x", 'os."x"', '"odd name"', "tag:r", 'tag:"odd name"');
const term = fc.oneof(
  fc.stringMatching(/^[abAB*?]{1,3}$/),
  fc.constantFrom(...UUIDS),
  fc.tuple(
    field,
    fc.constantFrom("=", "!=", " = ", "~"),
    fc.oneof(quoted, fc.constantFrom("x", "y z", "*", "1[^2]")),
  ).map(([name, operator, wanted]) => {
    // A backslash in a glob escapes what follows; random text with one need not be a glob.
    const mayBeMalformed = operator === "~" && /\\/.test(wanted);
    return `${name}${mayBeMalformed ? "=" : operator}${wanted}`;
  }),
  fc.tuple(field, fc.constantFrom(">", "<"), fc.constantFrom("3", '"-3"', "0.5"))
    .map((pieces) => pieces.join("")),
);
const conjunction = fc.array(term, { minLength: 1, maxLength: 3 }).map((terms) =>
  terms.join(" & ")
);
const part = fc.tuple(fc.constantFrom("", "", "-"), conjunction).map((pieces) => pieces.join(""));
const parts = fc.array(part, { minLength: 1, maxLength: 4 });

function matches(source: string, candidate: TargetSubject): boolean {
  return parseTargetSpec(source).matches(candidate);
}

Deno.test("a comma means or: parts may stand in any order, and repeat", () => {
  fc.assert(fc.property(parts, subject, (list, candidate) => {
    const expected = matches(list.join(","), candidate);
    assert.equal(matches(list.toReversed().join(" , "), candidate), expected);
    assert.equal(matches([...list, ...list].join(","), candidate), expected);
  }));
});

Deno.test("two inclusions together select exactly what either selects", () => {
  fc.assert(fc.property(conjunction, conjunction, subject, (a, b, candidate) => {
    assert.equal(
      matches(`${a},${b}`, candidate),
      matches(a, candidate) || matches(b, candidate),
    );
  }));
});

Deno.test("& means and: conditions may stand in any order", () => {
  fc.assert(fc.property(conjunction, conjunction, subject, (a, b, candidate) => {
    const expected = matches(a, candidate) && matches(b, candidate);
    assert.equal(matches(`${a}&${b}`, candidate), expected);
    assert.equal(matches(`${b} & ${a}`, candidate), expected);
  }));
});

Deno.test("an exclusion wins wherever it stands", () => {
  fc.assert(fc.property(parts, conjunction, subject, (list, excluded, candidate) => {
    for (const source of [[...list, `-${excluded}`], [`- ${excluded}`, ...list]]) {
      if (matches(excluded, candidate)) assert.equal(matches(source.join(","), candidate), false);
    }
  }));
});

Deno.test("exclusions alone mean everyone else", () => {
  fc.assert(fc.property(conjunction, subject, (excluded, candidate) => {
    assert.equal(matches(`-${excluded}`, candidate), !matches(excluded, candidate));
    assert.equal(matches(`*,-${excluded}`, candidate), !matches(excluded, candidate));
  }));
});

Deno.test("an exclusion after & is the same as one after a comma", () => {
  fc.assert(fc.property(conjunction, term, subject, (a, excluded, candidate) => {
    assert.equal(
      matches(`${a} & -${excluded}`, candidate),
      matches(`${a},-${excluded}`, candidate),
    );
  }));
});

Deno.test("!= holds exactly where the field is known and = does not", () => {
  fc.assert(fc.property(quoted, subject, (wanted, candidate) => {
    for (
      const [name, known] of [
        ["os.x", findTraitValues(candidate.traits, ["os", "x"])],
        ['tag:"odd name"', findTraitValues(candidate.tags, ["odd name"])],
      ] as const
    ) {
      const isEqual = matches(`${name}=${wanted}`, candidate);
      assert.equal(matches(`${name}!=${wanted}`, candidate), known !== undefined && !isEqual);
    }
  }));
});

Deno.test("the canonical text parses into the same set and is its own canonical text", () => {
  fc.assert(fc.property(parts, subject, (list, candidate) => {
    const spec = parseTargetSpec(list.join(","));
    const again = parseTargetSpec(spec.toString());
    assert.equal(again.toString(), spec.toString());
    assert.equal(again.matches(candidate), spec.matches(candidate));
    assert.ok(spec.toString().length <= list.join(",").length);
  }));
});

Deno.test("random text is a spec whose canonical text parses, or a TargetSpecError in one line", () => {
  const noise = fc.oneof(
    fc.string({ unit: "binary-ascii", maxLength: 30 }),
    fc.string({ maxLength: 30, unit: fc.constantFrom(...'ab.*?[]^\\-,&=!<>~" 1:tagé\u202e') }),
  );
  fc.assert(
    fc.property(noise, subject, (source, candidate) => {
      try {
        const spec = parseTargetSpec(source);
        assert.equal(parseTargetSpec(spec.toString()).matches(candidate), spec.matches(candidate));
      } catch (error) {
        assert.ok(error instanceof TargetSpecError, String(error));
        assert.ok(!error.message.includes("\n"));
        assert.ok(error.position >= 1 && error.position <= source.length + 1);
      }
    }),
    { numRuns: 2000 },
  );
});
