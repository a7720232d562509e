import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import type { PersonRole } from "../../shared/rest/roles.ts";
import { AuditLog } from "../audit/audit_log.ts";
import { MemoryStore } from "../store/memory_store.ts";
import { ApiTokenService } from "./api_token_service.ts";
import { PasswordCheck } from "./password_check.ts";
import { PasswordHasher } from "./password_hash.ts";
import { LOCAL_ROOT, type UserPrincipal, userPrincipal } from "../service/principal.ts";
import { SessionService } from "./session_service.ts";
import { UserService } from "./user_service.ts";

export const PASSWORD = "correct horse battery";
export const ADDRESS = "192.0.2.7";

/** A hasher that counts what it does, at the least cost there is. */
export class CountingHasher extends PasswordHasher {
  verified = 0;

  constructor() {
    super({ ln: 4, r: 8, p: 1 });
  }

  override verify(password: string, stored: string | undefined): Promise<boolean> {
    this.verified += 1;
    return super.verify(password, stored);
  }
}

/** The services about people over a store in memory and a clock that tests set. */
export function openPeople() {
  const clock = { nowMs: 1_700_000_000_000 };
  const now = () => clock.nowMs;
  const store = new MemoryStore();
  const audit = new AuditLog(store, generateEd25519().signer, now);
  const hasher = new CountingHasher();
  const passwords = new PasswordCheck({ store, audit, hasher, now });
  const parts = { store, audit, hasher, passwords, now };
  const users = new UserService(parts);
  const add = async (name: string, role: PersonRole) => {
    await users.add({ name, role, password: PASSWORD }, LOCAL_ROOT);
  };
  return {
    clock,
    store,
    hasher,
    passwords,
    users,
    tokens: new ApiTokenService(parts),
    sessions: new SessionService(parts),
    add,
    /** What the audit log has, oldest first. */
    acts: async () =>
      (await store.audit.readFrom(1, 1000)).map(({ principal, action, payload }) => ({
        principal,
        action,
        payload,
      })),
  };
}

/** A user with that session. */
export function someone(user: string, role: PersonRole): UserPrincipal {
  return userPrincipal({ name: user, role }, "00");
}
