import plugin from "@typescript-eslint/eslint-plugin";
import * as parser from "@typescript-eslint/parser";
import { Linter } from "eslint";
import { join, relative } from "node:path";
import ts from "typescript";
import { type Finding, formatFinding } from "./finding.ts";
import { listSourceFiles } from "./source_files.ts";
import { prepareTypeEnvironment, type TypeEnvironment } from "./type_environment.ts";

/** Imported as text: it has no types here. Modules of pages are checked as what they are, by themselves. */
const TEXT_IMPORT = /\.(css|js|svg)$/;
/** What runs in a browser. */
const PAGE_MODULE = /\.js$/;
/** Without this the type check passes such a module by. */
const TYPE_CHECKED = /^\/\/ @ts-check$/m;

const CONFIG: Linter.Config = {
  files: ["**/*.ts", "**/*.tsx", "**/*.js"],
  linterOptions: { reportUnusedDisableDirectives: "off" },
  rules: {
    "@typescript-eslint/no-floating-promises": ["error", { ignoreVoid: true }],
    "@typescript-eslint/no-misused-promises": "error",
  },
};

/**
 * Finds promises that nobody waits for, and promises where a value or a void function is expected. This needs types,
 * which `deno lint` does not have.
 *
 * An import that cannot be resolved is a finding too: its values would have no type, so their promises would be missed. So
 * is a module of a page that does not ask for its types to be checked.
 *
 * @param root the repository.
 * @param files paths relative to `root`.
 */
export async function checkPromises(
  root: string,
  files: readonly string[],
  environment: TypeEnvironment,
): Promise<readonly Finding[]> {
  const pages = files.filter((file) => PAGE_MODULE.test(file));
  const { program, unresolved } = createProgram(
    root,
    files.filter((file) => !PAGE_MODULE.test(file)),
    environment,
  );
  const linter = new Linter({ configType: "flat", cwd: root });
  const config = {
    ...CONFIG,
    // The plugin's own types are written against a narrower parser than eslint's; it is the one made for eslint.
    plugins: {
      "@typescript-eslint": plugin as unknown as NonNullable<Linter.Config["plugins"]>[string],
    },
    languageOptions: {
      parser,
      parserOptions: { programs: [program, createPageProgram(root, pages, environment)] },
    },
  };
  const findings = [...unresolved];
  for (const file of files) {
    const text = await Deno.readTextFile(join(root, file));
    if (PAGE_MODULE.test(file) && !TYPE_CHECKED.test(text)) {
      findings.push({ file, line: 1, message: "Its types are not checked: write // @ts-check" });
    }
    // No comment switches these rules off, in generated code neither.
    const options = { filename: join(root, file), allowInlineConfig: false };
    for (const { line, message } of linter.verify(text, config, options)) {
      findings.push({ file, line, message });
    }
  }
  return findings;
}

function createProgram(
  root: string,
  files: readonly string[],
  { packageFolder, runtimeTypes, compilerOptions }: TypeEnvironment,
): { program: ts.Program; unresolved: readonly Finding[] } {
  const options: ts.CompilerOptions = {
    ...ts.convertCompilerOptionsFromJson(compilerOptions, root).options,
    target: ts.ScriptTarget.ESNext,
    lib: ["lib.esnext.d.ts"],
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    types: ["node"],
    typeRoots: [join(packageFolder, "node_modules", "@types")],
  };
  const host = ts.createCompilerHost(options);
  host.getDefaultLibLocation = () => join(packageFolder, "node_modules", "typescript", "lib");
  const unresolved: Finding[] = [];
  host.resolveModuleNameLiterals = (literals, containingFile, _redirected, _options, source) =>
    literals.map((literal) => {
      const specifier = literal.text;
      const isOurs = !containingFile.startsWith(`${packageFolder}/`);
      // Bare names of our own code come from the import map, whose packages are all in one folder.
      const isBare = isOurs && !specifier.startsWith(".");
      const from = isBare ? join(packageFolder, "main.ts") : containingFile;
      const resolved = ts.resolveModuleName(specifier, from, options, host);
      const isCode = !specifier.startsWith("node:") && !TEXT_IMPORT.test(specifier);
      if (!resolved.resolvedModule && isOurs && isCode) {
        const { line } = source.getLineAndCharacterOfPosition(literal.getStart(source));
        const file = relative(root, containingFile);
        unresolved.push({ file, line: line + 1, message: `Cannot resolve "${specifier}"` });
      }
      return resolved;
    });
  const rootNames = [runtimeTypes, ...files.map((file) => join(root, file))];
  return { program: ts.createProgram({ rootNames, options, host }), unresolved };
}

/** Modules of pages see a browser and nothing of the runtime. */
function createPageProgram(
  root: string,
  files: readonly string[],
  { packageFolder, compilerOptions }: TypeEnvironment,
): ts.Program {
  const options: ts.CompilerOptions = {
    ...ts.convertCompilerOptionsFromJson(compilerOptions, root).options,
    target: ts.ScriptTarget.ESNext,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowJs: true,
    checkJs: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  host.getDefaultLibLocation = () => join(packageFolder, "node_modules", "typescript", "lib");
  return ts.createProgram({ rootNames: files.map((file) => join(root, file)), options, host });
}

if (import.meta.main) {
  const root = Deno.cwd();
  const files = await listSourceFiles(root);
  const findings = await checkPromises(root, files, await prepareTypeEnvironment(root));
  for (const finding of findings) console.error(formatFinding(finding));
  console.log(`Promises checked in ${files.length} files: ${findings.length} findings`);
  if (findings.length > 0) Deno.exit(1);
}
