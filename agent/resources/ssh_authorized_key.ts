import {
  type SshAuthorizedKeyParams,
  sshAuthorizedKeySchema,
} from "../../shared/config/resources/ssh_authorized_key.ts";
import { applySshFile, checkSshFile } from "./edited_ssh_file.ts";
import { editAuthorizedKey } from "./edits/edit_authorized_key.ts";
import type { ResourceType } from "./resource.ts";

/** One key of a user; other keys are not looked at. */
export const sshAuthorizedKey: ResourceType<SshAuthorizedKeyParams> = {
  type: "ssh_authorized_key",
  schema: sshAuthorizedKeySchema,
  check: (params, context) =>
    checkSshFile(fileOf(params), (text) => editAuthorizedKey(text, params), context),
  apply: (params, context) =>
    applySshFile(fileOf(params), (text) => editAuthorizedKey(text, params), context),
};

function fileOf({ ensure, user }: SshAuthorizedKeyParams) {
  return { ensure, user, file: "authorized_keys" } as const;
}
