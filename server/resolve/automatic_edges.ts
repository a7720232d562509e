import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { RenderedResource } from "./rendered_resource.ts";

/** That one resource needs another without anybody having written it. */
export interface AutomaticEdge {
  readonly from: number;
  readonly to: number;
  /** Completes "…, which": `is its folder`. */
  readonly reason: string;
}

/**
 * What resources need by their nature:
 * - what has a path needs the nearest `directory` above it, a symbolic link also what it points to;
 * - a file or folder needs the `user` that owns it, and the one after whom its group is called (or the `group`);
 * - a command needs its working folder, the `user` it runs as, and the file that it starts;
 * - a user needs the `directory` above its home, and its shell.
 *
 * What is to be absent is needed by nobody.
 */
export function findAutomaticEdges(resources: readonly RenderedResource[]): AutomaticEdge[] {
  const index = new ResourceIndex(resources);
  return resources.flatMap((resource, from) => {
    const edges: AutomaticEdge[] = [];
    const add = (to: number | undefined, reason: string) => {
      if (to !== undefined && to !== from) edges.push({ from, to, reason });
    };
    addEdges(resource, index, add);
    return edges;
  });
}

function addEdges(
  { type, params }: RenderedResource,
  index: ResourceIndex,
  add: (to: number | undefined, reason: string) => void,
): void {
  if (type === "file" || type === "directory" || type === "symlink") {
    add(index.folderAbove(params.path), "is its folder");
    add(index.account("user", params.owner), "is its owner");
    add(
      index.account("group", params.group) ?? index.account("user", params.group),
      "is its group",
    );
  }
  if (type === "symlink") add(index.at(params.target), "is its target");
  if (type === "file") add(index.at(params.source), "is its source");
  if (type === "exec") {
    add(index.at(params.cwd) ?? index.folderAbove(params.cwd), "is its working folder");
    add(index.account("user", params.user), "is the user it runs as");
    add(index.at(programOf(params.command)), "is its program");
    add(index.folderAbove(params.creates), "is the folder of what it creates");
  }
  if (type === "user" && params.ensure !== "absent") {
    add(index.folderAbove(params.home), "is the folder above its home");
    add(index.at(params.shell), "is its shell");
  }
}

function programOf(command: Json | undefined): Json | undefined {
  if (Array.isArray(command)) return command[0];
  return typeof command === "string"
    ? command.match(/^\s*(\/[^\s;&|<>"'`$()*?]+)/)?.[1]
    : undefined;
}

class ResourceIndex {
  readonly #byPath = new Map<string, number>();
  readonly #folders = new Map<string, number>();
  readonly #accounts = new Map<string, number>();

  constructor(resources: readonly RenderedResource[]) {
    for (const [position, { type, params }] of resources.entries()) {
      if (params.ensure === "absent") continue;
      const { path, name } = params;
      if (typeof path === "string") this.#byPath.set(path, position);
      if (typeof path === "string" && type === "directory") this.#folders.set(path, position);
      if (typeof name === "string") this.#accounts.set(`${type}:${name}`, position);
    }
  }

  at(path: Json | undefined): number | undefined {
    return typeof path === "string" ? this.#byPath.get(path) : undefined;
  }

  folderAbove(path: Json | undefined): number | undefined {
    if (typeof path !== "string") return undefined;
    for (let end = path.lastIndexOf("/"); end >= 0; end = path.lastIndexOf("/", end - 1)) {
      const found = this.#folders.get(end === 0 ? "/" : path.slice(0, end));
      if (found !== undefined) return found;
      if (end === 0) break;
    }
    return undefined;
  }

  account(type: string, name: Json | undefined): number | undefined {
    return typeof name === "string" ? this.#accounts.get(`${type}:${name}`) : undefined;
  }
}
