import type { Hostcrate, StackTree } from "../stacks/stack_tree.ts";

/** A pattern without these names one host. */
const SPECIAL = /[*?[\\]/;

interface Placed {
  readonly position: number;
  readonly hostcrate: Hostcrate;
}

/** Finds the entry of a host without trying ten thousand that each name one other host. */
export interface HostcrateIndex {
  /** The first entry in file order that matches, or undefined. Case does not count. */
  find(hostname: string): Hostcrate | undefined;
}

const INDICES = new WeakMap<StackTree, HostcrateIndex>();

/** The index of a tree, made when it is first asked for. */
export function hostcrateIndex(tree: StackTree): HostcrateIndex {
  const index = INDICES.get(tree) ?? createIndex(tree.hostcrates);
  INDICES.set(tree, index);
  return index;
}

function createIndex(hostcrates: readonly Hostcrate[]): HostcrateIndex {
  const names = new Map<string, Placed>();
  const globs: Placed[] = [];
  for (const [position, hostcrate] of hostcrates.entries()) {
    const source = hostcrate.match.source.toLowerCase();
    if (SPECIAL.test(source)) globs.push({ position, hostcrate });
    else if (!names.has(source)) names.set(source, { position, hostcrate });
  }
  return {
    find: (hostname) => {
      const named = names.get(hostname.toLowerCase());
      const glob = globs.find(({ position, hostcrate }) =>
        position > (named?.position ?? Infinity) || hostcrate.match.matches(hostname)
      );
      return glob && glob.position < (named?.position ?? Infinity)
        ? glob.hostcrate
        : named?.hostcrate;
    },
  };
}
