/** Longest note of an operator that is kept with a publish. */
const MAX_OPERATOR_LENGTH = 128;

/**
 * Who published, as the history shows it: the authenticated principal, and beside it the name that the caller gave, which
 * proves nothing.
 */
export function writePublisher(principal: string, operator: string): string {
  const note = operator.replaceAll(/[\s\p{Cc}()]+/gu, " ").trim().slice(0, MAX_OPERATOR_LENGTH);
  return note === "" ? principal : `${principal} (as ${note})`;
}

/** The two parts again. Names of principals hold no space. */
export function readPublisher(text: string): { principal: string; operator: string } {
  const [, principal, operator] = /^(\S+) \(as ([^()]+)\)$/.exec(text) ?? [];
  return principal === undefined || operator === undefined
    ? { principal: text, operator: "" }
    : { principal, operator };
}
