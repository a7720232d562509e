import type { PersonRole } from "../../shared/rest/roles.ts";

/** A person who may log in. */
export interface UserRecord {
  readonly name: string;
  readonly role: PersonRole;
  /** What password_hash.ts made of it: never the password. */
  readonly password: string;
  readonly createdAtMs: number;
  /** The principal who added the user. */
  readonly createdBy: string;
  readonly passwordAtMs: number;
  readonly lastLoginMs: number | null;
  /** Since when the user may not log in; `null` while he may. */
  readonly disabledAtMs: number | null;
}

export interface UserRepository {
  /** False if the name is taken. */
  add(user: UserRecord): Promise<boolean>;
  find(name: string): Promise<UserRecord | undefined>;
  /** By name. */
  list(): Promise<UserRecord[]>;
  /** False if there is no such user. */
  update(
    name: string,
    change: Partial<Omit<UserRecord, "name" | "createdAtMs" | "createdBy">>,
  ): Promise<boolean>;
  remove(name: string): Promise<boolean>;
}

/** An API token; only the SHA-256 (hex) of its text is kept. */
export interface ApiTokenRecord {
  readonly hash: string;
  readonly name: string;
  readonly role: PersonRole;
  /** The user it acts for; `null` for the server's own host. */
  readonly owner: string | null;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly expiresAtMs: number;
  readonly lastUsedMs: number | null;
  readonly revokedAtMs: number | null;
}

export interface ApiTokenRepository {
  /** False if a token that is not revoked has the name. */
  add(token: ApiTokenRecord): Promise<boolean>;
  find(hash: string): Promise<ApiTokenRecord | undefined>;
  /** By name, and those of one name newest first. */
  list(): Promise<ApiTokenRecord[]>;
  touch(hash: string, atMs: number): Promise<void>;
  /** False unless it was there and not revoked. */
  revoke(hash: string, atMs: number): Promise<boolean>;
  /** Revokes all tokens of a user; answers how many were not revoked before. */
  revokeByOwner(owner: string, atMs: number): Promise<number>;
  /** Removes what was revoked or expired before; answers how many. */
  prune(beforeMs: number): Promise<number>;
}

/** Somebody who is logged in; only the SHA-256 (hex) of the cookie is kept. */
export interface SessionRecord {
  readonly hash: string;
  readonly user: string;
  readonly createdAtMs: number;
  readonly activeAtMs: number;
}

export interface SessionRepository {
  add(session: SessionRecord): Promise<void>;
  find(hash: string): Promise<SessionRecord | undefined>;
  /** The longest unused first. */
  listByUser(user: string): Promise<SessionRecord[]>;
  /** Never turns the time back. */
  touch(hash: string, atMs: number): Promise<void>;
  remove(hash: string): Promise<boolean>;
  /** Ends all sessions of a user but one; answers how many. */
  removeByUser(user: string, exceptHash?: string): Promise<number>;
  /** Removes those last active, or created, before; answers how many. */
  prune(times: { activeBeforeMs: number; createdBeforeMs: number }): Promise<number>;
}

/** How often in a row somebody failed to log in, by user or by address. */
export interface LoginFailures {
  readonly subject: string;
  readonly failures: number;
  readonly failedAtMs: number;
}

export interface LoginFailureRepository {
  find(subject: string): Promise<LoginFailures | undefined>;
  /** Counts one more, atomically; from one again if the last was before `forgottenBeforeMs`. Answers the count. */
  count(subject: string, atMs: number, forgottenBeforeMs: number): Promise<number>;
  remove(subject: string): Promise<boolean>;
  prune(beforeMs: number): Promise<number>;
}

/** What of a store is about people. */
export interface PeopleRepositories {
  readonly users: UserRepository;
  readonly apiTokens: ApiTokenRepository;
  readonly sessions: SessionRepository;
  readonly loginFailures: LoginFailureRepository;
}
