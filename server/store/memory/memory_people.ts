import type { PeopleRepositories } from "../people_store.ts";
import { compareText } from "./compare_text.ts";
import type { Access } from "./memory_state.ts";

/** Users, their tokens and sessions, and who failed to log in. */
export function memoryPeople(access: Access): PeopleRepositories {
  return {
    users: memoryUsers(access),
    apiTokens: memoryApiTokens(access),
    sessions: memorySessions(access),
    loginFailures: memoryLoginFailures(access),
  };
}

function memoryUsers(access: Access): PeopleRepositories["users"] {
  return {
    add: (user) =>
      access((state) => {
        if (state.users.has(user.name)) return false;
        state.users.set(user.name, { ...user });
        return true;
      }),
    find: (name) => access((state) => state.users.get(name)),
    list: () =>
      access((state) => [...state.users.values()].sort((a, b) => compareText(a.name, b.name))),
    update: (name, change) =>
      access((state) => {
        const user = state.users.get(name);
        if (user) state.users.set(name, { ...user, ...change });
        return user !== undefined;
      }),
    remove: (name) => access((state) => state.users.delete(name)),
  };
}

function memoryApiTokens(access: Access): PeopleRepositories["apiTokens"] {
  return {
    add: (token) =>
      access((state) => {
        const names = [...state.apiTokens.values()].filter((one) => one.revokedAtMs === null)
          .map(({ name }) => name);
        if (names.includes(token.name)) return false;
        if (state.apiTokens.has(token.hash)) throw new Error("This API token is known already");
        state.apiTokens.set(token.hash, { ...token });
        return true;
      }),
    find: (hash) => access((state) => state.apiTokens.get(hash)),
    list: () =>
      access((state) =>
        [...state.apiTokens.values()].sort((a, b) =>
          compareText(a.name, b.name) || b.createdAtMs - a.createdAtMs ||
          compareText(a.hash, b.hash)
        )
      ),
    touch: (hash, atMs) =>
      access((state) => {
        const token = state.apiTokens.get(hash);
        if (token) state.apiTokens.set(hash, { ...token, lastUsedMs: atMs });
      }),
    revoke: (hash, atMs) =>
      access((state) => {
        const token = state.apiTokens.get(hash);
        if (!token || token.revokedAtMs !== null) return false;
        state.apiTokens.set(hash, { ...token, revokedAtMs: atMs });
        return true;
      }),
    revokeByOwner: (owner, atMs) =>
      access((state) => {
        const owned = [...state.apiTokens.values()].filter((one) =>
          one.owner === owner && one.revokedAtMs === null
        );
        for (const one of owned) state.apiTokens.set(one.hash, { ...one, revokedAtMs: atMs });
        return owned.length;
      }),
    prune: (beforeMs) =>
      access((state) =>
        removeWhere(
          state.apiTokens,
          ({ revokedAtMs, expiresAtMs }) =>
            expiresAtMs < beforeMs || (revokedAtMs !== null && revokedAtMs < beforeMs),
        )
      ),
  };
}

function memorySessions(access: Access): PeopleRepositories["sessions"] {
  return {
    add: (session) =>
      access((state) => {
        if (state.sessions.has(session.hash)) throw new Error("This session is known already");
        state.sessions.set(session.hash, { ...session });
      }),
    find: (hash) => access((state) => state.sessions.get(hash)),
    listByUser: (user) =>
      access((state) =>
        [...state.sessions.values()].filter((one) => one.user === user)
          .sort((a, b) => a.activeAtMs - b.activeAtMs || compareText(a.hash, b.hash))
      ),
    touch: (hash, atMs) =>
      access((state) => {
        const session = state.sessions.get(hash);
        if (session && session.activeAtMs < atMs) {
          state.sessions.set(hash, { ...session, activeAtMs: atMs });
        }
      }),
    remove: (hash) => access((state) => state.sessions.delete(hash)),
    removeByUser: (user, exceptHash) =>
      access((state) =>
        removeWhere(state.sessions, (one) => one.user === user && one.hash !== exceptHash)
      ),
    prune: ({ activeBeforeMs, createdBeforeMs }) =>
      access((state) =>
        removeWhere(
          state.sessions,
          (one) => one.activeAtMs < activeBeforeMs || one.createdAtMs < createdBeforeMs,
        )
      ),
  };
}

function memoryLoginFailures(access: Access): PeopleRepositories["loginFailures"] {
  return {
    find: (subject) => access((state) => state.loginFailures.get(subject)),
    count: (subject, atMs, forgottenBeforeMs) =>
      access((state) => {
        const known = state.loginFailures.get(subject);
        const isForgotten = !known || known.failedAtMs < forgottenBeforeMs;
        const failures = isForgotten ? 1 : known.failures + 1;
        state.loginFailures.set(subject, { subject, failures, failedAtMs: atMs });
        return failures;
      }),
    remove: (subject) => access((state) => state.loginFailures.delete(subject)),
    prune: (beforeMs) =>
      access((state) =>
        removeWhere(state.loginFailures, ({ failedAtMs }) => failedAtMs < beforeMs)
      ),
  };
}

function removeWhere<Row>(rows: Map<string, Row>, isOver: (row: Row) => boolean): number {
  const over = [...rows].filter(([, row]) => isOver(row));
  for (const [key] of over) rows.delete(key);
  return over.length;
}
