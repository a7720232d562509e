import { getegid, geteuid } from "node:process";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { LocalFiles } from "./local_files.ts";
import { openHostProviders } from "./local_host_providers.ts";
import { LocalProcesses } from "./local_processes.ts";
import type { Machine } from "./machine.ts";
import { LocalPackages } from "./packages/local_packages.ts";
import { LocalServices } from "./services/local_services.ts";
import { ShadowAccounts } from "./shadow_accounts.ts";
import { TableAccounts } from "./table_accounts.ts";

/**
 * The machine this process runs on. Users and homes come from `<root>/etc/passwd` where it exists, so that several agents
 * on one machine can have users of their own; the paths of resources are never moved.
 *
 * @param root As `--root` gives it; `/` for a managed machine.
 */
export async function openLocalMachine(root: string): Promise<Machine> {
  const paths = rootPaths(root);
  const files = new LocalFiles();
  const processes = new LocalProcesses();
  // Both are absent on systems without users, which the agent does not support.
  const self = { uid: geteuid?.() ?? 0, gid: getegid?.() ?? 0 };
  const hasOwnUsers = paths.root !== "/" &&
    await files.inspect(paths.at("/etc/passwd")) !== undefined;
  const accounts = hasOwnUsers
    ? new TableAccounts(files, paths.root, self)
    : new ShadowAccounts(files, processes);
  const services = new LocalServices(files, processes, self);
  return {
    files,
    processes,
    accounts,
    packages: new LocalPackages(files, processes, accounts, self),
    services,
    host: await openHostProviders({
      files,
      processes,
      services,
      self,
      stateFolder: paths.at("/var/lib/vigo"),
      agentConfig: paths.at("/etc/vigo-envoy/config"),
    }),
    self,
    policyFolder: paths.at("/var/lib/vigo/usercrate-policy"),
    etcFolder: paths.at("/etc"),
    executorsFolder: paths.at("/etc/vigo-envoy/executors"),
  };
}
