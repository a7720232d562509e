/** Parameters whose values nothing shows, by type: they may stand in stacks in plain text. */
const MASKED: Readonly<Record<string, readonly string[]>> = {
  user: ["password"],
  git: ["password"],
};

export function maskedParameters(type: string): readonly string[] {
  return Object.hasOwn(MASKED, type) ? MASKED[type] ?? [] : [];
}
