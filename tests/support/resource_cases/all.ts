import type { ResourceContract } from "../resource_contract.ts";
import { directoryContract } from "./directory.ts";
import { execContract } from "./exec.ts";
import { fileContract } from "./file.ts";
import { packageContract } from "./package.ts";
import { repositoryContract } from "./repository.ts";
import { serviceContract } from "./service.ts";
import { symlinkContract } from "./symlink.ts";
import { userContract } from "./user.ts";

/** The cases of every resource type; a test fails while one is missing. */
export const RESOURCE_CONTRACTS: readonly ResourceContract[] = [
  directoryContract,
  execContract,
  fileContract,
  packageContract,
  repositoryContract,
  serviceContract,
  symlinkContract,
  userContract,
];
