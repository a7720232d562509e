import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { GraphFacts, GraphNode } from "./graph_facts.ts";

/** That one resource needs another without anybody having written it. */
export interface AutomaticEdge {
  readonly from: number;
  readonly to: number;
  /** Completes "…, which": `is its folder`. */
  readonly reason: string;
  /** Given up where what is written says the opposite. */
  readonly isWeak: boolean;
}

/** Types that keep something at a path. */
const PATH_TYPES: readonly string[] = ["file", "directory", "symlink", "mount", "git", "archive"];
/** Types that keep a part of a file, which another resource may make. */
const EDIT_TYPES: readonly string[] = ["file_line", "blockinfile", "ini", "json_file"];
/** Types that make a folder with what is in it. */
const FOLDER_TYPES: readonly string[] = ["directory", "git", "archive"];

type Add = (to: number | undefined, reason: string, isWeak?: boolean) => void;

/**
 * What resources need by their nature:
 * - what has a path needs the nearest folder above it (a `directory`, `git` or `archive`) and the `mount` above it, a symbolic
 *   link also what it points to, a mount, checkout or unpacked archive the `directory` at its own path;
 * - what changes a part of a file needs that file;
 * - what is owned needs the `user` that owns it, and its `group` (or the user after whom that is called);
 * - a command needs its working folder, the `user` it runs as, and the file that it starts; a job of cron likewise;
 * - a user needs its groups, the `directory` above its home, and its shell; a key of a user needs that user;
 * - a package needs every `repository`, unless that needs the package.
 *
 * What is to be absent is needed by nobody.
 */
export function findAutomaticEdges(resources: readonly GraphNode[]): AutomaticEdge[] {
  const index = new ResourceIndex(resources);
  return resources.flatMap((resource, from) => {
    const edges: AutomaticEdge[] = [];
    const add: Add = (to, reason, isWeak = false) => {
      if (to !== undefined && to !== from) edges.push({ from, to, reason, isWeak });
    };
    addEdges(resource, index, add);
    return edges;
  });
}

function addEdges({ type, facts }: GraphNode, index: ResourceIndex, add: Add): void {
  if (PATH_TYPES.includes(type) || EDIT_TYPES.includes(type)) addAbove(facts.path, index, add);
  if (EDIT_TYPES.includes(type)) add(index.at(facts.path), "is the file it changes");
  if (["mount", "git", "archive"].includes(type)) {
    add(index.directoryAt(facts.path), "is the folder at its path");
  }
  if (type === "git" || type === "archive") {
    add(index.mountAt(facts.path), "is mounted at its path");
  }
  if (type === "symlink") add(index.at(facts.target), "is its target");
  if (type === "file" || type === "archive") add(index.at(facts.source), "is its source");
  if (type === "git") add(index.at(facts.ssh_key), "is its key");
  if (type === "mount") add(index.at(facts.device), "is its device");
  addAccounts(type, facts, index, add);
  if (type === "exec") {
    const folders = index.foldersAt(facts.cwd);
    if (folders.length === 0) addAbove(facts.cwd, index, add, "working folder");
    for (const folder of folders) add(folder, "is its working folder");
    add(index.at(facts.program), "is its program");
    for (const folder of index.foldersAbove(facts.creates)) {
      add(folder, "is the folder of what it creates");
    }
  }
  if (type === "cron" || type === "process") {
    add(index.at(facts.program), "is its program");
  }
  if (type === "user" && facts.ensure !== "absent") {
    for (const folder of index.foldersAbove(facts.home)) {
      add(folder, "is the folder above its home");
    }
    add(index.mountAbove(facts.home), "is mounted above its home");
    add(index.at(facts.shell), "is its shell");
  }
  if (type === "repository") add(index.at(facts.key_file), "is its key");
  if (type === "package" && facts.ensure !== "absent") {
    for (const repository of index.repositories) add(repository, "may hold the package", true);
  }
}

function addAbove(
  path: Json | undefined,
  index: ResourceIndex,
  add: Add,
  what = "folder",
): void {
  for (const folder of index.foldersAbove(path)) add(folder, `is its ${what}`);
  add(index.mountAbove(path), "is mounted above it");
}

function addAccounts(
  type: string,
  facts: GraphFacts,
  index: ResourceIndex,
  add: Add,
): void {
  if (PATH_TYPES.includes(type)) {
    add(index.account("user", facts.owner), "is its owner");
    add(
      index.account("group", facts.group) ?? index.account("user", facts.group),
      "is its group",
    );
  }
  if (["exec", "cron", "process"].includes(type)) {
    add(index.account("user", facts.user), "is the user it runs as");
  }
  if (type === "ssh_authorized_key" || type === "ssh_known_host") {
    add(index.account("user", facts.user), "is its user");
  }
  if (type === "user" && facts.ensure !== "absent") {
    add(index.account("group", facts.gid), "is its group");
    for (const group of Array.isArray(facts.groups) ? facts.groups : []) {
      add(index.account("group", group), "is one of its groups");
    }
  }
}

class ResourceIndex {
  readonly #byPath = new Map<string, number>();
  readonly #folders = new Map<string, number[]>();
  readonly #directories = new Map<string, number>();
  readonly #mounts = new Map<string, number>();
  readonly #accounts = new Map<string, number>();
  readonly repositories: number[] = [];

  constructor(resources: readonly GraphNode[]) {
    for (const [position, { type, facts }] of resources.entries()) {
      if (facts.ensure === "absent") continue;
      const { path, name } = facts;
      if (type === "repository") this.repositories.push(position);
      if (typeof name === "string") this.#accounts.set(`${type}:${name}`, position);
      if (typeof path !== "string") continue;
      if (["file", "directory", "symlink"].includes(type)) this.#byPath.set(path, position);
      if (type === "directory") this.#directories.set(path, position);
      if (type === "mount") this.#mounts.set(path, position);
      if (FOLDER_TYPES.includes(type)) {
        this.#folders.set(path, [...this.#folders.get(path) ?? [], position]);
      }
    }
  }

  at(path: Json | undefined): number | undefined {
    return typeof path === "string" ? this.#byPath.get(path) : undefined;
  }

  directoryAt(path: Json | undefined): number | undefined {
    return typeof path === "string" ? this.#directories.get(path) : undefined;
  }

  mountAt(path: Json | undefined): number | undefined {
    return typeof path === "string" ? this.#mounts.get(path) : undefined;
  }

  foldersAt(path: Json | undefined): readonly number[] {
    return typeof path === "string" ? this.#folders.get(path) ?? [] : [];
  }

  /** What makes the nearest managed folder above a path. */
  foldersAbove(path: Json | undefined): readonly number[] {
    for (const above of pathsAbove(path)) {
      const found = this.#folders.get(above);
      if (found) return found;
    }
    return [];
  }

  mountAbove(path: Json | undefined): number | undefined {
    for (const above of pathsAbove(path)) {
      const found = this.#mounts.get(above);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  account(type: string, name: Json | undefined): number | undefined {
    return typeof name === "string" ? this.#accounts.get(`${type}:${name}`) : undefined;
  }
}

/** The folders above a path, nearest first. */
function* pathsAbove(path: Json | undefined): Generator<string> {
  if (typeof path !== "string") return;
  for (let end = path.lastIndexOf("/"); end >= 0; end = path.lastIndexOf("/", end - 1)) {
    // The root is above everything but itself.
    if (end === 0 && path !== "/") yield "/";
    if (end === 0) return;
    yield path.slice(0, end);
  }
}
