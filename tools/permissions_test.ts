import assert from "node:assert/strict";
import { engineWorkerPermissions, hasherWorkerPermissions } from "../agent/swarm/start_engine.ts";
import type { ServerFolders } from "../server/channel.ts";
import { integrityPermissions } from "../server/store/check_integrity_aside.ts";
import { workerPermissions } from "../server/worker_permissions.ts";
import { PERMISSIONS } from "./permissions.ts";
import { PROGRAMS } from "./programs.ts";
import { RUNTIME_FLAGS } from "./runtime_flags.ts";

Deno.test("what is compiled with all rights is only the agent", () => {
  for (const [name, flags] of Object.entries(PERMISSIONS)) {
    assert.ok(flags.includes("--no-prompt"), name);
    assert.equal(flags.includes("--allow-all"), name === "vigo", name);
    for (const right of ["run", "ffi", "import"]) {
      assert.equal(flags.includes(`--deny-${right}`), name !== "vigo", `${name} ${right}`);
    }
  }
});

Deno.test("the tasks that run the programs from source give them the same rights and settings", async () => {
  const config = JSON.parse(await Deno.readTextFile(new URL("../deno.json", import.meta.url)));
  for (const { name, entry } of PROGRAMS) {
    const command = ["deno run", ...PERMISSIONS[name], ...RUNTIME_FLAGS[name], entry].join(" ");
    assert.equal(config.tasks[name], command);
  }
});

Deno.test("docs/security.md shows the flags that ship", async () => {
  const rows = await readTable("program");
  const documented = Object.fromEntries(
    rows.map(([program = "", flags = ""]) => [unquote(program), unquote(flags).split(" ")]),
  );
  assert.deepEqual(documented, PERMISSIONS);
});

Deno.test("docs/security.md shows every worker with the rights it is started with", async () => {
  const folders: ServerFolders = {
    base: "/srv/vigo",
    versions: "/srv/vigo/.versions",
    live: "/srv/vigo/.live",
    db: "/srv/vigo/db",
    secrets: "/srv/vigo/secrets",
    tls: "/srv/vigo/tls",
    stacks: "/srv/vigo/stacks",
    dist: "/srv/vigo/dist",
    seed: "/var/lib/vigo/swarm/seed",
    blobs: "/var/lib/vigo/swarm/.blobs",
  };
  const rights: Record<string, Deno.PermissionOptionsObject> = {
    "server/worker.ts": workerPermissions(folders, {
      listen: "127.0.0.1",
      grpc_port: 1530,
      rest_port: 8443,
      hostname: "hub",
      tls_sans: [],
    }),
    "server/store/integrity_worker.ts": integrityPermissions("/srv/vigo/db"),
    "agent/swarm/engine_worker.ts": engineWorkerPermissions("/var/lib/vigo/swarm"),
    "agent/swarm/hasher_worker.ts": hasherWorkerPermissions("/var/lib/vigo/swarm"),
  };
  const rows = await readTable("worker");
  assert.deepEqual(rows.map(([worker = ""]) => /`(.+)`/.exec(worker)?.[1]), Object.keys(rights));
  for (const [worker = "", ...cells] of rows) {
    const right = rights[/`(.+)`/.exec(worker)?.[1] ?? ""];
    assert.ok(right);
    const columns = ["net", "read", "write", "sys", "env"] as const;
    for (const [index, column] of columns.entries()) {
      assert.equal(cells[index] === "none", right[column] === false, `${worker}: ${column}`);
    }
    for (const column of ["run", "ffi", "import"] as const) {
      assert.equal(right[column], false, `${worker}: ${column}`);
    }
  }
});

/** The rows of the table in docs/security.md whose first column has this heading. */
async function readTable(heading: string): Promise<string[][]> {
  const text = await Deno.readTextFile(new URL("../docs/security.md", import.meta.url));
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} `));
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith("|"));
  return rest.slice(0, end).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

function unquote(cell: string): string {
  return cell.replaceAll("`", "");
}
