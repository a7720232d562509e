import type { Secret } from "../../shared/crypto/secret.ts";

/** A line of passwd(5). */
export interface UserEntry {
  readonly name: string;
  readonly uid: number;
  /** Primary group. */
  readonly gid: number;
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
}

/** A line of group(5). */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** What may be changed of a user. */
export interface UserChange {
  readonly uid?: number;
  readonly gid?: number;
  readonly comment?: string;
  readonly home?: string;
  readonly shell?: string;
  /** Groups to join; none is left. */
  readonly addToGroups?: readonly string[];
}

export interface NewUser extends UserChange {
  readonly createHome: boolean;
  readonly system: boolean;
}

/**
 * The users and groups of a machine, or of a root folder that has some of its own. What changes them throws
 * `BlockedError` while another program holds the database or the disk is full.
 */
export interface Accounts {
  /** By name or by uid. */
  findUser(reference: string | number): Promise<UserEntry | undefined>;
  /** By name or by gid. */
  findGroup(reference: string | number): Promise<GroupEntry | undefined>;
  /** A user whose primary group this is. */
  findPrimaryMember(gid: number): Promise<UserEntry | undefined>;
  /** The groups that list a user as a member: the supplementary ones. */
  groupsOf(name: string): Promise<readonly GroupEntry[]>;
  /** The hash in shadow(5); `undefined` if the user has no line there. */
  passwordHash(name: string): Promise<Secret | undefined>;
  createUser(name: string, user: NewUser): Promise<void>;
  changeUser(name: string, change: UserChange): Promise<void>;
  /** Removes the account and the group of its own; files stay. */
  deleteUser(name: string): Promise<void>;
  /** @param group `gid`: a free one if absent, from the range of system groups if `system`. */
  createGroup(
    name: string,
    group: { readonly gid?: number; readonly system: boolean },
  ): Promise<void>;
  /** Files keep the old number. */
  setGroupId(name: string, gid: number): Promise<void>;
  deleteGroup(name: string): Promise<void>;
  /** The hash never appears among the arguments of a program. */
  setPasswordHash(name: string, hash: Secret): Promise<void>;
}
