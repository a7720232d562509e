import { GlobError } from "./glob.ts";
import { type HostnameGlob, parseHostnameGlob } from "./hostname_glob.ts";

/**
 * Which envoys may do something: an ordered list in which the first matching pattern decides.
 * `-` in front of a pattern denies; a hostname that nothing matches is denied.
 */
export interface GateList {
  /** The patterns in their order and in lower case; parsing them again gives the same gate. */
  readonly patterns: readonly string[];
  allows(hostname: string): boolean;
  /** The pattern that decides about `hostname`, for explaining a refusal; `undefined` if none matches. */
  decidedBy(hostname: string): string | undefined;
}

/** Most patterns in one list: every envoy receives the lists in a signed document of bounded size. */
export const MAX_GATE_PATTERNS = 1000;

interface Rule {
  readonly pattern: string;
  readonly glob: HostnameGlob;
  readonly verdict: boolean;
}

/**
 * Parses a gate of `server.yaml`, such as the `enabled:` value of a subsystem.
 * `true` stands for `["*"]`; `false` and the empty list deny every envoy.
 *
 * @throws {SyntaxError} if a pattern is malformed (the message gives its position in the list, counted from 1), or if the
 * list is longer than {@linkcode MAX_GATE_PATTERNS}.
 */
export function parseGateList(enabled: boolean | readonly string[]): GateList {
  const patterns = typeof enabled === "boolean" ? (enabled ? ["*"] : []) : enabled;
  if (patterns.length > MAX_GATE_PATTERNS) {
    throw new SyntaxError(
      `Cannot read gate list of ${patterns.length} patterns: the limit is ${MAX_GATE_PATTERNS}. Use globs`,
    );
  }
  const rules = patterns.map(parseRule);
  const ruleFor = (hostname: string) => rules.find(({ glob }) => glob.matches(hostname));
  return {
    patterns: rules.map(({ pattern }) => pattern),
    allows: (hostname) => ruleFor(hostname)?.verdict ?? false,
    decidedBy: (hostname) => ruleFor(hostname)?.pattern,
  };
}

function parseRule(pattern: string, index: number): Rule {
  const denies = pattern.startsWith("-");
  try {
    const glob = parseHostnameGlob(denies ? pattern.slice(1) : pattern);
    return { pattern: denies ? `-${glob.source}` : glob.source, glob, verdict: !denies };
  } catch (cause) {
    if (!(cause instanceof GlobError)) throw cause;
    const { problem, remedy } = cause;
    throw new SyntaxError(
      `Cannot read pattern ${index + 1} of gate list, ${
        JSON.stringify(pattern)
      }: ${problem}. ${remedy}`,
      { cause },
    );
  }
}
