import type { StackFile } from "../../server/stacks/load_stacks.ts";

/** How large a tree is, and how much of it each host gets. */
export interface PublishTreeSize {
  readonly configcrates: number;
  readonly resourcesPerCrate: number;
  readonly roles: number;
  readonly envoys: number;
}

/** The tree that the aim is stated for: 5,000 resources in 500 configcrates, for 10,000 envoys. */
export const PUBLISH_TREE: PublishTreeSize = {
  configcrates: 500,
  resourcesPerCrate: 10,
  roles: 50,
  envoys: 10_000,
};

/** How hosts are told apart. */
export type PublishCase =
  /** One `match:` entry for each role; policies read traits that most hosts share. */
  | "patterns"
  /** One `match:` entry for each host, with a variable of its own that no resource of most crates reads. */
  | "entries"
  /** As `patterns`, and so many files of every host name that host, so that no two policies are the same. */
  | OwnDataCase;
type OwnDataCase = "own_1" | "own_10" | "own_50";

/** How many files name the host that they are for. Of these the first one changes with each revision, for every host. */
function ownFiles(name: PublishCase): number {
  return name === "patterns" || name === "entries" ? 0 : Number(name.slice("own_".length));
}

/** Hosts are named after their role: `r07-00123`. */
export function publishHostname(number: number, { roles }: PublishTreeSize): string {
  return `r${String(number % roles).padStart(2, "0")}-${String(number).padStart(5, "0")}`;
}

/** The files of the tree; another `revision` changes one line in a tenth of the configcrates. */
export function publishTree(
  name: PublishCase,
  revision: number,
  size: PublishTreeSize = PUBLISH_TREE,
): StackFile[] {
  const files: StackFile[] = [];
  const add = (path: string, text: string) =>
    files.push({ path, bytes: new TextEncoder().encode(text) });
  const cratesPerRole = size.configcrates / size.roles;
  const roles: string[] = ["roles:"];
  for (let role = 0; role < size.roles; role++) {
    const names = Array.from({ length: cratesPerRole }, (_, at) => role * cratesPerRole + at);
    roles.push(`  role-${role}:\n    configcrates: [${names.map(crateName).join(", ")}]`);
    for (const number of names) add(...crate(number, name, revision, size));
  }
  add("roles.vgo", `${roles.join("\n")}\n`);
  add("common.vgo", "vars: {site: north, owner: root}\nroles: [role-0]\n");
  for (const [file, text] of entries(name, size).entries()) {
    add(`hosts/${String(file).padStart(2, "0")}.vgo`, `envoys:\n${text}`);
  }
  return files;
}

/** One text for each role; a file of all entries would be larger than stacks may be. */
function entries(name: PublishCase, size: PublishTreeSize): string[] {
  return Array.from({ length: size.roles }, (_, role) => {
    const pattern = `r${String(role).padStart(2, "0")}-*`;
    if (name !== "entries") return `  - match: "${pattern}"\n    roles: [role-${role}]\n`;
    return Array.from({ length: size.envoys / size.roles }, (_, at) => {
      const number = role + at * size.roles;
      return `  - match: ${publishHostname(number, size)}\n    roles: [role-${role}]\n` +
        `    vars: {rack: "${at % 40}"}\n`;
    }).join("");
  });
}

function crateName(number: number): string {
  return `crate-${String(number).padStart(3, "0")}`;
}

function crate(
  number: number,
  name: PublishCase,
  revision: number,
  { resourcesPerCrate }: PublishTreeSize,
): [path: string, text: string] {
  const own = crateName(number);
  const lines = [`name: ${own}`, `vars: {port: ${8000 + number}}`, "defaults:"];
  lines.push('  file: {owner: "{{ vars.owner }}", mode: "0644"}', "resources:");
  lines.push(`  - directory: /opt/${own}`);
  for (let at = 1; at < resourcesPerCrate; at++) {
    const text = at === 1 && number % 10 === 0 ? `revision ${revision}` : `setting ${at}`;
    // The first crates are those of a role that every host has.
    const cratesForAll = 10;
    const isOwn = number < cratesForAll && (at - 1) * cratesForAll + number < ownFiles(name);
    const host = isOwn ? "{{ traits.agent_self.hostname }}" : "{{ traits.os.distro }}";
    lines.push(
      `  - file: /opt/${own}/${at}.conf`,
      "    content: |",
      `      # ${own}, ${host}`,
      `      ${text}`,
      "      listen {{ vars.port }}; workers {{ traits.hardware.cpu_count }}",
    );
    if (at === resourcesPerCrate - 1) lines.push(`    depends_on: file:/opt/${own}/1.conf`);
  }
  return [`configcrates/${own}.vgo`, `${lines.join("\n")}\n`];
}
