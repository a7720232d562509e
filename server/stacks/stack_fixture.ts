import type { StackFile } from "./load_stacks.ts";

/** Files of a tree from their texts, for tests. */
export function stackFiles(texts: Readonly<Record<string, string>>): StackFile[] {
  return Object.entries(texts).map(([path, text]) => ({
    path,
    bytes: new TextEncoder().encode(text),
  }));
}
