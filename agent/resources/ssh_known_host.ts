import {
  type SshKnownHostParams,
  sshKnownHostSchema,
} from "../../shared/config/resources/ssh_known_host.ts";
import { applyEdit, checkEdit } from "./edited_file.ts";
import { applySshFile, checkSshFile } from "./edited_ssh_file.ts";
import { editKnownHost } from "./edits/edit_known_host.ts";
import type { ApplyContext, ResourceType } from "./resource.ts";

/** The key of a host, in `/etc/ssh/ssh_known_hosts` or in a user's `~/.ssh/known_hosts`. */
export const sshKnownHost: ResourceType<SshKnownHostParams> = {
  type: "ssh_known_host",
  schema: sshKnownHostSchema,
  check: (params, context) => {
    const { ensure, user } = params;
    const edit = (text: string) => editKnownHost(text, params);
    return user === undefined
      ? checkEdit(systemFile(params, context), edit, context)
      : checkSshFile({ ensure, user, file: "known_hosts" }, edit, context);
  },
  apply: (params, context) => {
    const { ensure, user } = params;
    const edit = (text: string) => editKnownHost(text, params);
    return user === undefined
      ? applyEdit(systemFile(params, context), edit, context)
      : applySshFile({ ensure, user, file: "known_hosts" }, edit, context);
  },
};

function systemFile({ ensure }: SshKnownHostParams, { etcFolder }: ApplyContext) {
  return { path: `${etcFolder}/ssh/ssh_known_hosts`, create: true, ensure };
}
