/** The flag of verbs that look at stacks. */
export const STAGED_FLAG = [
  "--staged",
  "look at what a publish would make live, not at what is live",
  false,
] as const;

/** That flag as a query, which is made of texts. */
export function stagedQuery(isStaged: boolean): { readonly staged: "true" | "false" } {
  return { staged: isStaged ? "true" : "false" };
}
