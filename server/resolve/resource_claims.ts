import { quote } from "../stacks/problem_list.ts";
import type { GraphFacts, GraphNode } from "./graph_facts.ts";

/** What a resource keeps in a state, so that another one cannot keep it in another. */
export interface Claim {
  /** Completes "both manage …". */
  readonly what: string;
  /** Whether others with a shared claim may manage it too: each has a part of its own. */
  readonly isShared: boolean;
}

/** Types that keep a part of a file. */
const EDITS: readonly string[] = ["file_line", "blockinfile", "json_file", "ini"];
const WHOLES: readonly string[] = ["file", "directory", "symlink"];
/** Types of which only one resource can keep a thing of one name, with the parameter that names it. */
const NAMED_BY: ReadonlyMap<string, "name" | "path" | "key"> = new Map([
  ["user", "name"],
  ["group", "name"],
  ["cron", "name"],
  ["mount", "path"],
  ["git", "path"],
  ["sysctl", "key"],
  ["repository", "name"],
]);
/** Types of which a host has one. */
const SINGLE_TYPES: readonly string[] = ["hostname", "timezone"];

/** Parameters that cannot be known without a host's traits claim nothing here. */
export function claimsOf({ type, facts }: GraphNode): readonly Claim[] {
  const claims: Claim[] = [];
  const claim = (what: string, isShared = false) => claims.push({ what, isShared });
  const { path, name, user } = facts;
  if (SINGLE_TYPES.includes(type)) claim(`the ${type}`);
  const naming = facts[NAMED_BY.get(type) ?? "path"];
  const isNamed = NAMED_BY.has(type) && typeof naming === "string";
  if (isNamed) claim(`${type} ${quote(naming)}`);
  for (const part of entriesOf(type, facts)) claim(part);
  if (typeof path === "string" && WHOLES.includes(type)) {
    claim(quote(path));
    const hasContent = type === "symlink" || type === "file" &&
        (facts.ensure === "absent" || facts.source !== undefined || facts.hasContent);
    if (hasContent) claim(`the content of ${quote(path)}`);
  }
  if (typeof path === "string" && EDITS.includes(type)) {
    claim(`the content of ${quote(path)}`, true);
    for (const part of partsOf(type, facts)) claim(`${part} of ${quote(path)}`);
  }
  if (type === "user" && typeof name === "string") {
    if (facts.hasAuthorizedKeys) claim(`the SSH keys of ${quote(name)}`);
  }
  if (type === "ssh_authorized_key" && typeof user === "string") {
    claim(`the SSH keys of ${quote(user)}`, true);
  }
  return claims;
}

/** What of the machine's hosts and firewall only one resource can keep in a state. A host has an address of each family. */
function entriesOf(type: string, { name, ip, ensure, direction }: GraphFacts): readonly string[] {
  if (type === "firewall" && ensure === "default") {
    return [`what the firewall does by default with what goes ${quote(direction ?? "in")}`];
  }
  if (typeof name !== "string") return [];
  if (type === "firewall") return [`firewall rule ${quote(name)}`];
  if (type !== "host") return [];
  const families = typeof ip === "string"
    ? [ip.includes(":") ? "IPv6" : "IPv4"]
    : ensure === "absent"
    ? ["IPv4", "IPv6"]
    : [];
  return families.map((family) => `the ${family} address of ${quote(name.toLowerCase())}`);
}

/** What of a file only one resource can keep in a state. */
function partsOf(type: string, facts: GraphFacts): readonly string[] {
  const { section, key, marker, setKeys = [], remove } = facts;
  if (type === "blockinfile") {
    return typeof marker === "string" ? [`the block ${quote(marker)}`] : [];
  }
  if (type === "ini" && typeof key === "string") {
    return [typeof section === "string" ? `${quote(key)} in [${section}]` : quote(key)];
  }
  if (type !== "json_file") return [];
  const places = [...setKeys, ...Array.isArray(remove) ? remove : []];
  return places.filter((place) => typeof place === "string").map((place) => quote(place));
}
