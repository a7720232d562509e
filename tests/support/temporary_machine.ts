import { getegid, geteuid } from "node:process";
import { NO_SNAPSHOTS } from "../../agent/apply/snapshot_store.ts";
import type { ApplyContext } from "../../agent/resources/resource.ts";
import { FakeHostProviders } from "../../agent/system/fake_host_providers.ts";
import { FaultyFiles } from "../../agent/system/faulty_files.ts";
import { LocalFiles } from "../../agent/system/local_files.ts";
import { LocalProcesses } from "../../agent/system/local_processes.ts";
import type { Machine } from "../../agent/system/machine.ts";
import { FakePackages } from "../../agent/system/packages/fake_packages.ts";
import { FakeServices } from "../../agent/system/services/fake_services.ts";
import { TableAccounts } from "../../agent/system/table_accounts.ts";
import { TemporaryRoot } from "./temporary_root.ts";

/**
 * A machine for one test: real files, programs and account tables below a temporary folder, packages and services in
 * memory. Nothing outside the folder is touched.
 */
export class TemporaryMachine implements Machine, AsyncDisposable {
  readonly files: FaultyFiles = new FaultyFiles(new LocalFiles());
  /** Whatever a test starts needs no time to end well. */
  readonly processes = new LocalProcesses({ killGraceMs: 50 });
  readonly self = { uid: geteuid?.() ?? 0, gid: getegid?.() ?? 0 };
  readonly accounts: TableAccounts;
  readonly packages: FakePackages;
  readonly services = new FakeServices();
  readonly host: FakeHostProviders;
  readonly policyFolder: string;
  readonly etcFolder: string;
  readonly executorsFolder: string;

  private constructor(readonly root: TemporaryRoot) {
    this.accounts = new TableAccounts(this.files, root.path, this.self);
    this.packages = new FakePackages({ nginx: "1.24.0-1", curl: "8.0-2" }, root.join("etc"));
    this.host = new FakeHostProviders(root.path);
    this.policyFolder = root.join("var/lib/vigo/usercrate-policy");
    this.etcFolder = root.join("etc");
    this.executorsFolder = root.join("etc/vigo-envoy/executors");
  }

  static async create(): Promise<TemporaryMachine> {
    const root = await TemporaryRoot.create();
    // Users of the machine reach their homes through it.
    await Deno.chmod(root.path, 0o755);
    await Deno.mkdir(root.join("etc"));
    await Deno.mkdir(root.join("home"));
    await Deno.mkdir(root.join("var/lib/vigo"), { recursive: true });
    await Deno.writeTextFile(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    await Deno.writeTextFile(root.join("etc/group"), "root:x:0:\nadm:x:4:\n");
    await Deno.writeTextFile(root.join("etc/shadow"), "root:*:19000:0:99999:7:::\n");
    return new TemporaryMachine(root);
  }

  /** What a resource gets. */
  context(overrides: Partial<ApplyContext> = {}): ApplyContext {
    const { files, processes, accounts, packages, services, host, self } = this;
    const { policyFolder, etcFolder, executorsFolder } = this;
    return {
      files,
      processes,
      accounts,
      packages,
      services,
      host,
      self,
      policyFolder,
      etcFolder,
      executorsFolder,
      notified: false,
      signal: new AbortController().signal,
      snapshots: { keep: (path) => NO_SNAPSHOTS.keep("", path) },
      ...overrides,
    };
  }

  /** Everything there is, as text: two equal ones mean that nothing has changed between them. */
  async fingerprint(): Promise<string> {
    const lines = await describe(this.root.path);
    const { installed, held } = this.packages;
    const host = this.host.fingerprint();
    return JSON.stringify([lines, [...installed], [...held], [...this.services.units], host]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.root[Symbol.asyncDispose]();
  }
}

async function describe(folder: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const { name, isDirectory, isSymlink, isFile } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    const { mode, uid, gid, mtime } = await Deno.lstat(path);
    const content = isSymlink
      ? await Deno.readLink(path)
      : isFile
      ? await Deno.readTextFile(path)
      : "";
    lines.push([path, mode, uid, gid, isDirectory ? "" : mtime?.getTime(), content].join("|"));
    if (isDirectory) lines.push(...await describe(path));
  }
  return lines.sort();
}
