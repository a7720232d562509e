import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { type Finding, formatFinding } from "./finding.ts";
import { isNamed, ownUrl } from "./own_urls.ts";
import { listSourceFiles, PRODUCT_FOLDERS } from "./source_files.ts";

/** What each folder of the product may import from; `deno.json` is there for the version. */
const ALLOWED_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  server: ["server", "shared", "deno.json"],
  agent: ["agent", "shared", "deno.json"],
  cli: ["cli", "shared", "deno.json"],
  shared: ["shared", "deno.json"],
};

/** The one room of `shared/` that may touch the world. */
const SHELL = "shared/platform/";

/** Built-in modules that compute and do nothing else; all others open files, sockets or processes. */
const PURE_MODULES = new Set([
  "node:assert/strict",
  "node:buffer",
  "node:crypto",
  "node:events",
  "node:path",
  "node:path/posix",
  "node:string_decoder",
  "node:url",
  "node:util",
  "node:zlib",
]);

/** Names of the runtime through which code reaches the world without an import. */
const IMPURE_GLOBALS = new Set(["Deno", "fetch", "Worker", "WebSocket", "EventSource"]);

/**
 * Checks one file against the direction of dependencies:
 *
 * - `server`, `agent` and `cli` import from `shared` and from themselves; `shared` from itself; nobody from tests or tools;
 * - rooms of `shared` other than `platform` are pure: no I/O, and no import of `platform`;
 * - packages are imported by their name in the import map, so that deno.json knows every one;
 * - what is loaded while running (`import(…)`, `new Worker(…)`) has a literal relative name, so that nothing from
 *   outside an executable can become code.
 *
 * A `_test.ts` file may use tests and any module, but no other program.
 *
 * @param file path relative to the repository, with forward slashes.
 */
export function checkFile(file: string, text: string): readonly Finding[] {
  const top = file.split("/")[0] ?? "";
  const allowed = ALLOWED_FOLDERS[top];
  if (!allowed) return [];
  const isTest = /_test\.tsx?$/.test(file);
  const isPure = top === "shared" && !file.startsWith(SHELL) && !isTest;
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const findings: Finding[] = [];

  const report = (node: ts.Node, message: string) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    findings.push({ file, line: line + 1, message });
  };

  const checkSpecifier = (node: ts.StringLiteralLike) => {
    const specifier = node.text;
    if (specifier.startsWith(".")) {
      const target = normalize(join(dirname(file), specifier));
      const targetTop = target.split("/")[0] ?? "";
      const isSupport = isTest && targetTop === "tests";
      if (!allowed.includes(targetTop) && !isSupport) {
        report(node, `${top}/ may not import from ${targetTop}/: move what both need to shared/`);
      } else if (isPure && target.startsWith(SHELL)) {
        report(node, `pure code may not import "${specifier}": pass what it does as an argument`);
      }
    } else if (/^(npm|jsr|https?|file|data|blob):|^\//.test(specifier)) {
      report(node, `"${specifier}" is not in the import map: add it there and import it by name`);
    } else if (isPure && specifier.startsWith("node:") && !PURE_MODULES.has(specifier)) {
      report(node, `pure code may not import "${specifier}": only ${SHELL} does I/O in shared/`);
    }
  };

  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const { moduleSpecifier } = node;
      if (moduleSpecifier && ts.isStringLiteralLike(moduleSpecifier)) {
        checkSpecifier(moduleSpecifier);
      }
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments;
      if (specifier && ts.isStringLiteralLike(specifier)) checkSpecifier(specifier);
      else if (!isTest) report(node, "import() of a computed name: write the name as a literal");
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      const { literal } = node.argument;
      if (ts.isStringLiteralLike(literal)) checkSpecifier(literal);
    } else if (ts.isNewExpression(node) && isNamed(node.expression, "Worker") && !isTest) {
      const specifier = ownUrl(node.arguments?.[0]);
      if (specifier) checkSpecifier(specifier);
      else {
        report(
          node,
          'new Worker of a computed name: write new Worker(new URL("./name.ts", import.meta.url))',
        );
      }
    }
    if (isPure && ts.isIdentifier(node) && IMPURE_GLOBALS.has(node.text) && !isDeclaration(node)) {
      report(node, `pure code may not use ${node.text}: only ${SHELL} does I/O in shared/`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return findings;
}

/**
 * Checks every file of the product.
 *
 * @param root the repository, or a tree laid out like it.
 */
export async function checkDependencies(root: string): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const file of await listSourceFiles(root, PRODUCT_FOLDERS)) {
    findings.push(...checkFile(file, await Deno.readTextFile(join(root, file))));
  }
  return findings;
}

/** Whether the identifier names a member or a key of its own rather than the global. */
function isDeclaration(node: ts.Identifier): boolean {
  const { parent } = node;
  const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node &&
    !isNamed(parent.expression, "globalThis");
  const isKey = (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) ||
    ts.isMethodSignature(parent) || ts.isMethodDeclaration(parent)) && parent.name === node;
  return isMember || isKey;
}

if (import.meta.main) {
  const findings = await checkDependencies(Deno.cwd());
  for (const finding of findings) console.error(formatFinding(finding));
  console.log(`Direction of dependencies checked: ${findings.length} findings`);
  if (findings.length > 0) Deno.exit(1);
}
