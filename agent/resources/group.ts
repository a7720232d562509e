import { type GroupParams, groupSchema } from "../../shared/config/resources/group.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  IN_SYNC,
  type ResourceType,
  unknown,
} from "./resource.ts";

/** A Unix group. One that is somebody's primary group is never removed: the account would be left without. */
export const group: ResourceType<GroupParams> = {
  type: "group",
  schema: groupSchema,
  check,
  apply,
};

async function check(params: GroupParams, { accounts }: ApplyContext): Promise<Finding> {
  const { name } = params;
  const found = await accounts.findGroup(name);
  if (params.ensure === "absent") {
    if (found === undefined) return IN_SYNC;
    const member = await accounts.findPrimaryMember(found.gid);
    if (member !== undefined) {
      return unknown(`group "${name}" is the primary group of user "${member.name}"`);
    }
    return differences([`group ${name}: present → absent`]);
  }
  const { gid } = params;
  if (found !== undefined && (gid === undefined || gid === found.gid)) return IN_SYNC;
  const holder = gid === undefined ? undefined : await accounts.findGroup(gid);
  if (holder !== undefined) return unknown(`gid ${gid} belongs to group "${holder.name}"`);
  return differences([
    found === undefined
      ? `group ${name}: absent → present${gid === undefined ? "" : `, gid ${gid}`}`
      : `gid: ${found.gid} → ${gid}`,
  ]);
}

async function apply(params: GroupParams, { accounts }: ApplyContext): Promise<Change> {
  const { name } = params;
  if (params.ensure === "absent") {
    await accounts.deleteGroup(name);
    return "deleted";
  }
  const { gid, system } = params;
  if (await accounts.findGroup(name) === undefined) {
    await accounts.createGroup(name, { ...(gid === undefined ? {} : { gid }), system });
    return "created";
  }
  if (gid === undefined) return "none";
  await accounts.setGroupId(name, gid);
  return "updated";
}
