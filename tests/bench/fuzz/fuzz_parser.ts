import fc from "fast-check";
import { byteInputs, textInputs } from "./inputs.ts";

/** An error by which a parser says that what it was given is none of its language. */
type ExpectedError = new (...parts: never[]) => Error;

interface Common {
  readonly name: string;
  /** The file that is fuzzed, from the root of the repository. */
  readonly file: string;
  /** What it may throw; anything else is a finding. A parser that answers instead of throwing has none. */
  readonly refusals: readonly ExpectedError[];
}

/** A parser of bytes or text from outside, with samples of its language. */
export type FuzzedParser =
  | Common & {
    readonly input: "text";
    readonly samples: readonly string[];
    parse(text: string): unknown;
  }
  | Common & {
    readonly input: "bytes";
    readonly samples: readonly Uint8Array[];
    parse(bytes: Uint8Array): unknown;
  };

/** What came of fuzzing one parser. */
export interface FuzzResult {
  readonly cases: number;
  readonly seconds: number;
  /** The slowest case, in ms. */
  readonly slowestMs: number;
  /** The first input that the parser could not cope with, made as small as could be, with what it threw. */
  readonly finding: string | undefined;
}

/** Ends when either is reached. */
export interface FuzzEffort {
  readonly cases: number;
  readonly seconds?: number;
  /** Repeats an earlier run; random without it. */
  readonly seed?: number;
}

/** Throws inputs at a parser and sees whether it stays within its own errors. */
export async function fuzzParser(
  parser: FuzzedParser,
  { cases: wanted, seconds, seed }: FuzzEffort,
): Promise<FuzzResult> {
  let cases = 0, slowestMs = 0;
  const startMs = performance.now();
  const perform = async (work: () => unknown) => {
    cases++;
    const beganMs = performance.now();
    try {
      await work();
    } catch (error) {
      if (!parser.refusals.some((type) => error instanceof type)) throw error;
    } finally {
      slowestMs = Math.max(slowestMs, performance.now() - beganMs);
    }
  };
  const property = parser.input === "text"
    ? fc.asyncProperty(textInputs(parser.samples), (text) => perform(() => parser.parse(text)))
    : fc.asyncProperty(
      byteInputs(parser.samples),
      (bytes) => perform(() => parser.parse(bytes)),
    );
  // fast-check has one type for both: what fails is told by its report alone.
  const checked = await fc.check<[string | Uint8Array]>(
    property as fc.IAsyncProperty<[string | Uint8Array]>,
    {
      numRuns: wanted,
      ...(seed === undefined ? {} : { seed }),
      ...(seconds === undefined
        ? {}
        : { interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false }),
    },
  );
  const { counterexample, errorInstance } = checked;
  return {
    cases,
    seconds: (performance.now() - startMs) / 1000,
    slowestMs,
    finding: checked.failed && counterexample !== null
      ? `${parser.name}: ${show(counterexample[0])} (seed ${checked.seed}): ${errorInstance}`
      : undefined,
  };
}

function show(input: string | Uint8Array): string {
  return typeof input === "string" ? JSON.stringify(input) : `hex ${input.toHex()}`;
}
