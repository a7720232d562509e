import type { ResourceContract } from "../resource_contract.ts";
import { archiveContract } from "./archive.ts";
import { blockInFileContract } from "./blockinfile.ts";
import { cronContract } from "./cron.ts";
import { customContract } from "./custom.ts";
import { directoryContract } from "./directory.ts";
import { execContract } from "./exec.ts";
import { fileContract } from "./file.ts";
import { fileLineContract } from "./file_line.ts";
import { firewallContract } from "./firewall.ts";
import { gitContract } from "./git.ts";
import { groupContract } from "./group.ts";
import { hostContract } from "./host.ts";
import { hostnameContract } from "./hostname.ts";
import { iniContract } from "./ini.ts";
import { jsonFileContract } from "./json_file.ts";
import { mountContract } from "./mount.ts";
import { packageContract } from "./package.ts";
import { processContract } from "./process.ts";
import { repositoryContract } from "./repository.ts";
import { serviceContract } from "./service.ts";
import { sshAuthorizedKeyContract } from "./ssh_authorized_key.ts";
import { sshKnownHostContract } from "./ssh_known_host.ts";
import { symlinkContract } from "./symlink.ts";
import { sysctlContract } from "./sysctl.ts";
import { timezoneContract } from "./timezone.ts";
import { userContract } from "./user.ts";

/** The cases of every resource type; a test fails while one is missing. */
export const RESOURCE_CONTRACTS: readonly ResourceContract[] = [
  archiveContract,
  blockInFileContract,
  cronContract,
  customContract,
  directoryContract,
  execContract,
  fileContract,
  fileLineContract,
  firewallContract,
  gitContract,
  groupContract,
  hostContract,
  hostnameContract,
  iniContract,
  jsonFileContract,
  mountContract,
  packageContract,
  processContract,
  repositoryContract,
  serviceContract,
  sshAuthorizedKeyContract,
  sshKnownHostContract,
  symlinkContract,
  sysctlContract,
  timezoneContract,
  userContract,
];
