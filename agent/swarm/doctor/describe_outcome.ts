import type { Knock, KnockOutcome } from "../peers/knock_outcome.ts";

const WORDS: Readonly<Record<KnockOutcome, string>> = {
  answered: "it answers",
  other: "another machine answers there",
  stranger: "what answers there does not show a certificate of this fleet",
  refused: "nobody listens there",
  silent: "nobody answers there",
  unreachable: "there is no way there",
};

/** What came of a call, in words. */
export function describeOutcome({ outcome, detail }: Knock): string {
  return detail === "" ? WORDS[outcome] : `${WORDS[outcome]} (${detail})`;
}
