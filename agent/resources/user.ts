import { type UserParams, userSchema } from "../../shared/config/resources/user.ts";
import type { UserChange, UserEntry } from "../system/accounts.ts";
import { Secret } from "../../shared/crypto/secret.ts";
import { hashPassword, isSha512Crypt, verifyPassword } from "../system/sha512_crypt.ts";
import {
  authorizedKeysDifferences,
  readAuthorizedKeys,
  writeAuthorizedKeys,
} from "./authorized_keys.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  type ResourceType,
  unknown,
} from "./resource.ts";
import { policyDifferences, removePolicy, writePolicy } from "./usercrate_policy.ts";

type PresentParams = Extract<UserParams, { ensure: "present" }>;

/**
 * A Unix account with its keys and its grants on the swarm. A password is compared through the salt of the stored hash,
 * so that an unchanged one changes nothing; neither it nor its hash is shown.
 */
export const user: ResourceType<UserParams> = { type: "user", schema: userSchema, check, apply };

async function check(params: UserParams, context: ApplyContext): Promise<Finding> {
  const { accounts } = context;
  const found = await accounts.findUser(params.name);
  if (params.ensure === "absent") {
    const revoked = await policyDifferences({ name: params.name }, context);
    return differences(found === undefined ? revoked : [`user ${params.name}: present → absent`]);
  }
  const groups = await resolveGroups(params, context);
  if (!groups.ok) return unknown(groups.reason);
  const clash = await findClash(params, context);
  if (clash !== undefined) return unknown(clash);
  if (found === undefined) {
    return differences([
      `user ${params.name}: absent → present`,
      ...describeFields(params, undefined, groups),
      ...(params.password === undefined ? [] : ["password: absent → «secret»"]),
      ...authorizedKeysDifferences(params.authorized_keys, []),
      ...await policyDifferences(params, context),
    ]);
  }
  const isPasswordRight = await hasWantedPassword(params, context);
  return differences([
    ...describeFields(params, found, groups),
    ...(isPasswordRight ? [] : ["password: «secret» changed"]),
    ...await keyDifferences(params, found, context),
    ...await policyDifferences(params, context),
  ]);
}

async function apply(params: UserParams, context: ApplyContext): Promise<Change> {
  const { accounts } = context;
  const { name } = params;
  const found = await accounts.findUser(name);
  if (params.ensure === "absent") {
    // First, so that a grant never outlives its account.
    await removePolicy(name, context);
    if (found !== undefined) await accounts.deleteUser(name);
    return "deleted";
  }
  const groups = await resolveGroups(params, context);
  if (!groups.ok) throw new Error(groups.reason);
  const change = fieldChange(params, found, groups);
  if (found === undefined) {
    await accounts.createUser(name, {
      ...change,
      createHome: params.create_home,
      system: params.system,
    });
  } else if (Object.keys(change).length > 0) await accounts.changeUser(name, change);
  if (params.password !== undefined && !await hasWantedPassword(params, context)) {
    const { password } = params;
    const hash = isSha512Crypt(password) ? password : hashPassword(password);
    await accounts.setPasswordHash(name, new Secret(hash));
  }
  await applyKeys(params, context);
  if ((await policyDifferences(params, context)).length > 0) await writePolicy(params, context);
  return found === undefined ? "created" : "updated";
}

type ResolvedGroups =
  | { readonly ok: true; readonly gid: number | undefined; readonly missing: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** The primary group as a number, and the supplementary groups that do not have the user yet. */
async function resolveGroups(
  { name, gid, groups = [] }: PresentParams,
  { accounts, foreseen }: ApplyContext,
): Promise<ResolvedGroups> {
  const primary = gid === undefined ? undefined : await accounts.findGroup(gid);
  const willBe = (group: string | number) =>
    typeof group === "string" && foreseen?.has("group", group) === true;
  if (gid !== undefined && primary === undefined && !willBe(gid)) {
    return { ok: false, reason: `there is no group "${gid}" on this machine` };
  }
  const missing: string[] = [];
  for (const group of groups) {
    const entry = await accounts.findGroup(group);
    if (entry === undefined && !willBe(group)) {
      return { ok: false, reason: `there is no group "${group}" on this machine` };
    }
    if (!entry?.members.includes(name)) missing.push(group);
  }
  return { ok: true, gid: primary?.gid, missing };
}

/** A uid that somebody else has is for a person to decide about. */
async function findClash(
  { name, uid }: PresentParams,
  { accounts }: ApplyContext,
): Promise<string | undefined> {
  if (uid === undefined) return undefined;
  const holder = await accounts.findUser(uid);
  if (holder === undefined || holder.name === name) return undefined;
  return `uid ${uid} belongs to user "${holder.name}"`;
}

function fieldChange(
  params: PresentParams,
  found: UserEntry | undefined,
  groups: Extract<ResolvedGroups, { ok: true }>,
): UserChange {
  const { uid, comment, shell, home } = params;
  const { gid, missing } = groups;
  return {
    ...(uid === undefined || uid === found?.uid ? {} : { uid }),
    ...(gid === undefined || gid === found?.gid ? {} : { gid }),
    ...(comment === undefined || comment === found?.comment ? {} : { comment }),
    ...(shell === undefined || shell === found?.shell ? {} : { shell }),
    ...(home === undefined || home === found?.home ? {} : { home }),
    ...(missing.length === 0 ? {} : { addToGroups: missing }),
  };
}

function describeFields(
  params: PresentParams,
  found: UserEntry | undefined,
  groups: Extract<ResolvedGroups, { ok: true }>,
): string[] {
  const { addToGroups, ...fields } = fieldChange(params, found, groups);
  const before: Readonly<Record<string, string | number>> = { ...found };
  return [
    ...Object.entries(fields).map(([field, value]) =>
      `${field}: ${before[field] ?? ""} → ${value}`
    ),
    ...(addToGroups === undefined ? [] : [`groups: + ${addToGroups.join(", ")}`]),
  ];
}

async function hasWantedPassword(
  { name, password }: PresentParams,
  { accounts }: ApplyContext,
): Promise<boolean> {
  if (password === undefined) return true;
  const stored = (await accounts.passwordHash(name))?.reveal() ?? "";
  return isSha512Crypt(password) ? stored === password : verifyPassword(password, stored);
}

async function keyDifferences(
  { authorized_keys: wanted }: PresentParams,
  found: UserEntry,
  context: ApplyContext,
): Promise<readonly string[]> {
  if (wanted === undefined) return [];
  return authorizedKeysDifferences(wanted, await readAuthorizedKeys(found, context));
}

async function applyKeys(params: PresentParams, context: ApplyContext): Promise<void> {
  const { authorized_keys: wanted, name } = params;
  const entry = await context.accounts.findUser(name);
  if (wanted === undefined || entry === undefined) return;
  if ((await keyDifferences(params, entry, context)).length === 0) return;
  await writeAuthorizedKeys(entry, wanted, context);
}
