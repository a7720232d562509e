import { randomBytes } from "node:crypto";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { lesserRole, type PersonRole } from "../../shared/rest/roles.ts";
import type { ApiToken, tokenCreate } from "../../shared/rest/tokens.ts";
import type { z } from "zod";
import type { AuditLog } from "../audit/audit_log.ts";
import { answered, type Refused, refused, type ServiceAnswer } from "../service/service_answer.ts";
import type { ApiTokenRecord, UserRecord } from "../store/people_store.ts";
import type { Store } from "../store/store.ts";
import type { TokenHolders } from "./authenticator.ts";
import { TOKEN_PREFIX } from "./local_token.ts";
import { roleOf } from "./permissions.ts";
import { type Principal, type TokenPrincipal, userPrincipal } from "../service/principal.ts";

/** 256 bits: past guessing, so that a plain hash may be kept. */
const TOKEN_BYTES = 32;
/** Digits of the hash that name a token. */
const ID_LENGTH = 12;
/** Most tokens that can be valid at a time; past it a script has run wild. */
const MAX_VALID_TOKENS = 5_000;
/** Most of those that one user can have, and make within an hour, so that nobody uses up what is there for all. */
const MAX_OF_OWNER = 500;
const MAX_MADE_IN_HOUR = 100;
const HOUR_MS = 3_600_000;
/** The last use is written this often at most, so that a busy script costs no write with each request. */
const TOUCH_INTERVAL_MS = 60_000;

export interface ApiTokenServiceParts {
  readonly store: Store;
  readonly audit: Pick<AuditLog, "recordInside">;
  readonly now: () => number;
}

/** For whom whoever asks may make tokens, and up to what. */
interface Bounds {
  readonly role: PersonRole;
  readonly owner: string | null;
  readonly expiresAtMs: number;
}

/** Makes, lists and revokes API tokens, and knows who holds one. The store keeps their SHA-256 alone. */
export class ApiTokenService implements TokenHolders {
  readonly #parts: ApiTokenServiceParts;

  constructor(parts: ApiTokenServiceParts) {
    this.#parts = parts;
  }

  async holderOf(token: string): Promise<TokenPrincipal | undefined> {
    if (!token.startsWith(TOKEN_PREFIX)) return undefined;
    const { store, now } = this.#parts;
    const hash = sha256Hex(token);
    const record = await store.apiTokens.find(hash);
    if (!record || hasEnded(record, now())) return undefined;
    const role = await this.#roleNow(record);
    if (role === undefined) return undefined;
    if (now() - (record.lastUsedMs ?? 0) >= TOUCH_INTERVAL_MS) {
      await store.apiTokens.touch(hash, now());
    }
    const { name, owner, expiresAtMs } = record;
    return { kind: "token", name: `token:${name}`, hash, owner, role, expiresAtMs };
  }

  /** Makes a token; it is in this answer and nowhere else. */
  create(
    request: z.output<typeof tokenCreate.body>,
    principal: Principal,
  ): Promise<ServiceAnswer<z.output<typeof tokenCreate.answer>>> {
    return this.#create(request, principal, undefined);
  }

  /** @param login the user who has logged in by it, if somebody has. */
  async #create(
    request: z.output<typeof tokenCreate.body>,
    principal: Principal,
    login: UserRecord | undefined,
  ): Promise<ServiceAnswer<z.output<typeof tokenCreate.answer>>> {
    const { store, audit, now } = this.#parts;
    const bounds = await this.#boundsOf(principal, request.owner);
    if ("ok" in bounds) return bounds;
    if (lesserRole(request.role, bounds.role) !== request.role) {
      return refused(
        403,
        `Cannot create a token with the role ${request.role}: at most ${bounds.role} can be given here`,
      );
    }
    const token = `${TOKEN_PREFIX}${randomBytes(TOKEN_BYTES).toString("base64url")}`;
    const record: ApiTokenRecord = {
      hash: sha256Hex(token),
      name: request.name,
      role: request.role,
      owner: bounds.owner,
      createdAtMs: now(),
      createdBy: principal.name,
      expiresAtMs: Math.min(now() + request.ttlMs, bounds.expiresAtMs),
      lastUsedMs: null,
      revokedAtMs: null,
    };
    return await store.transaction(async (inside) => {
      const known = await inside.apiTokens.list();
      if (known.filter((one) => !hasEnded(one, now())).length >= MAX_VALID_TOKENS) {
        return refused(429, `There are ${MAX_VALID_TOKENS} valid API tokens. Revoke some first`);
      }
      const own = known.filter(({ owner }) => record.owner !== null && owner === record.owner);
      if (own.filter((one) => !hasEnded(one, now())).length >= MAX_OF_OWNER) {
        return refused(
          429,
          `"${record.owner}" has ${MAX_OF_OWNER} valid API tokens. Revoke some first`,
        );
      }
      const fresh = own.filter(({ createdAtMs }) => createdAtMs > now() - HOUR_MS);
      const [oldest] = fresh.map(({ createdAtMs }) => createdAtMs).sort((a, b) => a - b);
      if (fresh.length >= MAX_MADE_IN_HOUR && oldest !== undefined) {
        return refused(
          429,
          `"${record.owner}" has made ${MAX_MADE_IN_HOUR} API tokens within an hour: use one for longer`,
          oldest + HOUR_MS - now(),
        );
      }
      // An expired token has no use for its name.
      const former = known.find(({ name, revokedAtMs }) =>
        name === record.name && revokedAtMs === null
      );
      if (former && hasEnded(former, now())) await inside.apiTokens.revoke(former.hash, now());
      if (!await inside.apiTokens.add(record)) {
        return refused(409, `There is an API token "${record.name}" already: revoke it first`);
      }
      if (login) await inside.users.update(login.name, { lastLoginMs: now() });
      await audit.recordInside(inside, principal, "token.create", {
        id: tokenId(record),
        name: record.name,
        role: record.role,
        owner: record.owner,
        expiresAtMs: record.expiresAtMs,
      });
      return answered({ token, info: this.#describe(record) });
    });
  }

  /** Makes a token for a user who has just proved the password. */
  createFor(
    user: UserRecord,
    request: Omit<z.output<typeof tokenCreate.body>, "owner">,
  ): Promise<ServiceAnswer<z.output<typeof tokenCreate.answer>>> {
    return this.#create(request, userPrincipal(user, ""), user);
  }

  /** The tokens that whoever asks may see: an administrator all, others their own. */
  async list(principal: Principal): Promise<ApiToken[]> {
    return (await this.#visible(principal)).map((record) => this.#describe(record));
  }

  /** @param id name of a token that is not revoked, or the beginning of a hash as {@linkcode list} shows it. */
  async revoke(id: string, principal: Principal): Promise<ServiceAnswer<ApiToken>> {
    const { store, audit, now } = this.#parts;
    const visible = await this.#visible(principal);
    const named = visible.filter(({ name, revokedAtMs }) => name === id && revokedAtMs === null);
    const found = named.length > 0
      ? named
      : visible.filter(({ hash }) => id.length >= ID_LENGTH && hash.startsWith(id));
    const [record] = found;
    if (!record || found.length > 1) {
      return refused(404, `No API token has the name or ID ${JSON.stringify(id)}`);
    }
    await store.transaction(async (inside) => {
      if (!await inside.apiTokens.revoke(record.hash, now())) return;
      await audit.recordInside(inside, principal, "token.revoke", {
        id: tokenId(record),
        name: record.name,
        owner: record.owner,
      });
    });
    return answered(this.#describe({ ...record, revokedAtMs: record.revokedAtMs ?? now() }));
  }

  async #visible(principal: Principal): Promise<ApiTokenRecord[]> {
    const tokens = await this.#parts.store.apiTokens.list();
    if (roleOf(principal) === "admin") return tokens;
    const owner = ownerOf(principal);
    return tokens.filter((token) => owner !== null && token.owner === owner);
  }

  /** The role that a token has while its owner has no lesser one; `undefined` if the owner may not log in. */
  async #roleNow({ owner, role }: ApiTokenRecord): Promise<PersonRole | undefined> {
    if (owner === null) return role;
    const user = await this.#parts.store.users.find(owner);
    return user && user.disabledAtMs === null ? lesserRole(role, user.role) : undefined;
  }

  async #boundsOf(principal: Principal, owner: string | undefined): Promise<Bounds | Refused> {
    const role = roleOf(principal);
    if (role === undefined || role === "envoy") {
      return refused(403, `${principal.name} cannot create API tokens`);
    }
    const expiresAtMs = principal.kind === "token" ? principal.expiresAtMs : Infinity;
    const own = ownerOf(principal);
    if (owner === undefined || owner === own) return { role, owner: own, expiresAtMs };
    if (role !== "admin") {
      return refused(403, `Only an administrator can create a token for "${owner}"`);
    }
    const user = await this.#parts.store.users.find(owner);
    if (!user) return refused(404, `There is no user ${JSON.stringify(owner)}`);
    return { role: user.role, owner, expiresAtMs };
  }

  #describe(record: ApiTokenRecord): ApiToken {
    const { name, role, owner, createdAtMs, createdBy, expiresAtMs, lastUsedMs, revokedAtMs } =
      record;
    const isExpired = this.#parts.now() >= expiresAtMs;
    return {
      id: tokenId(record),
      name,
      role,
      owner,
      createdAtMs,
      createdBy,
      expiresAtMs,
      lastUsedMs,
      state: revokedAtMs !== null ? "revoked" : isExpired ? "expired" : "valid",
    };
  }
}

/** Whether a token can no longer be used, whatever its owner may. */
export function hasEnded({ revokedAtMs, expiresAtMs }: ApiTokenRecord, nowMs: number): boolean {
  return revokedAtMs !== null || nowMs >= expiresAtMs;
}

/** Who owns what a principal makes; `null` for the server's own host. */
function ownerOf(principal: Principal): string | null {
  switch (principal.kind) {
    case "user":
      return principal.user;
    case "token":
      return principal.owner;
    default:
      return null;
  }
}

/** The name of a token in lists and records: enough of its hash to tell it from others, useless to log in with. */
function tokenId({ hash }: ApiTokenRecord): string {
  return hash.slice(0, ID_LENGTH);
}
