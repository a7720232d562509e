import fc from "fast-check";

/** Bits of text that parsers trip over: brackets without their other half, numbers without end, what acts on terminals. */
const SNAGS: readonly string[] = [
  ..."{}[]()<>\"'`\\/%$&|!*?,;:=#~^-+@\n\r\t \0",
  ..."\u202e\u200b\u2028\ufeff\ud800\udfff\u{1f600}",
  ...[
    "{{",
    "}}",
    "{%",
    "%}",
    "${",
    "$(",
    "<<E",
    "..",
    "\r\n",
    "~1",
    "*.web",
    "- ",
    ": ",
    "&a ",
    "*a",
  ],
  ...["null", "true", "NaN", "-0", "1e999", "0x1", "__proto__", "constructor", "secret:a/b"],
  ...["9", "(", "[", "{", "!", "a", "*", "\n", "|"].map((text) => text.repeat(400)),
];

/** Bytes that end, lengthen or overflow what is counted. */
const EDGES: readonly Uint8Array[] = [
  [0x00],
  [0xff],
  [0x7f],
  [0x80],
  [0xff, 0xff, 0xff, 0xff],
  [0x7f, 0xff, 0xff, 0xff],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
].map((bytes) => Uint8Array.from(bytes));

/** Most changes made to one sample. */
const MAX_CHANGES = 6;
const MAX_RANDOM_LENGTH = 200;

interface Sequence {
  readonly length: number;
  slice(start: number, end?: number): this;
}

/** Cuts, repeats and swaps parts of a sample and puts others between them, at places that shrink towards its begin. */
function mutated<T extends Sequence>(
  samples: readonly T[],
  inserts: fc.Arbitrary<T>,
  join: (parts: readonly T[]) => T,
): fc.Arbitrary<T> {
  const change = fc.record({
    kind: fc.constantFrom("insert", "replace", "cut", "repeat", "truncate"),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(24),
    insert: inserts,
  });
  return fc.tuple(
    fc.constantFrom(...samples),
    fc.array(change, { minLength: 1, maxLength: MAX_CHANGES }),
  ).map(([sample, changes]) =>
    changes.reduce((text, { kind, at, length, insert }) => {
      const start = Math.floor(at * text.length);
      const [before, part, after] = [
        text.slice(0, start),
        text.slice(start, start + length),
        text.slice(start + length),
      ];
      switch (kind) {
        case "insert":
          return join([before, insert, part, after]);
        case "replace":
          return join([before, insert, after]);
        case "cut":
          return join([before, after]);
        case "repeat":
          return join([before, part, part, part, after]);
        default:
          return before;
      }
    }, sample)
  );
}

/** Texts of any kind, and samples that were tampered with. */
export function textInputs(samples: readonly string[]): fc.Arbitrary<string> {
  const inserts = fc.oneof(
    fc.constantFrom(...SNAGS),
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.constantFrom(...samples).chain((sample) =>
      fc.nat(sample.length).map((at) => sample.slice(at, at + 32))
    ),
  );
  return fc.oneof(
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: MAX_RANDOM_LENGTH }) },
    { weight: 1, arbitrary: fc.array(inserts, { maxLength: 20 }).map((parts) => parts.join("")) },
    { weight: 6, arbitrary: mutated(samples, inserts, (parts) => parts.join("")) },
  );
}

/** Bytes of any kind, and samples that were tampered with. */
export function byteInputs(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const random = (maxLength: number) =>
    fc.uint8Array({ maxLength }).map((bytes) => Uint8Array.from(bytes));
  return fc.oneof(
    { weight: 1, arbitrary: random(MAX_RANDOM_LENGTH) },
    {
      weight: 6,
      arbitrary: mutated<Uint8Array>(
        samples,
        fc.oneof(fc.constantFrom(...EDGES), random(12)),
        concat,
      ),
    },
  );
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
