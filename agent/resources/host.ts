import { type HostParams, hostSchema } from "../../shared/config/resources/host.ts";
import { applyEdit, checkEdit } from "./edited_file.ts";
import { editHosts } from "./edits/edit_hosts.ts";
import type { ApplyContext, ResourceType } from "./resource.ts";

/** A name in `/etc/hosts`. */
export const host: ResourceType<HostParams> = {
  type: "host",
  schema: hostSchema,
  check: (params, context) =>
    checkEdit(hostsFile(params, context), (text) => editHosts(text, params), context),
  apply: (params, context) =>
    applyEdit(hostsFile(params, context), (text) => editHosts(text, params), context),
};

function hostsFile({ ensure }: HostParams, { etcFolder }: ApplyContext) {
  return { path: `${etcFolder}/hosts`, create: true, ensure };
}
