/** What a module takes from another one of the same picture, which stands before it in the joined script. */
const IMPORT = /^import\s[^;]*?\sfrom\s+"\.\/[^"]+";\n/gm;
const EXPORT = /^export (?=(?:async )?(?:function|class|const|let)\b)/gm;

/**
 * Modules of a page as one script, so that a page loads one file whose address has its hash. Each stands after those it
 * imports from; names at their top level must differ.
 */
export function joinModules(...modules: readonly string[]): string {
  return modules.map((text) => text.replace(IMPORT, "").replace(EXPORT, "")).join("\n");
}
