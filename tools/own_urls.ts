import { dirname, join } from "node:path";
import ts from "typescript";

/** The literal in `new URL("./x.ts", import.meta.url)` or `import.meta.resolve("./x.ts")`, with or without `.href`. */
export function ownUrl(argument: ts.Expression | undefined): ts.StringLiteralLike | undefined {
  if (!argument) return undefined;
  if (ts.isPropertyAccessExpression(argument)) return ownUrl(argument.expression);
  if (!ts.isNewExpression(argument) && !ts.isCallExpression(argument)) return undefined;
  const [first, base] = argument.arguments ?? [];
  const isUrl = ts.isNewExpression(argument) && isNamed(argument.expression, "URL") &&
    base?.getText() === "import.meta.url";
  const isResolve = argument.expression.getText() === "import.meta.resolve";
  return (isUrl || isResolve) && first && ts.isStringLiteralLike(first) ? first : undefined;
}

/**
 * The files that the code of `file` reaches by an address made while running: workers, and files that it reads. No import
 * leads to them.
 *
 * @param file path relative to the repository.
 * @returns paths relative to the repository.
 */
export function listOwnUrls(file: string, text: string): readonly string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const literal = ts.isExpression(node) && !ts.isPropertyAccessExpression(node) && ownUrl(node);
    if (literal) found.push(join(dirname(file), literal.text));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

export function isNamed(node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name;
}
