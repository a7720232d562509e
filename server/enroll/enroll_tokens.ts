import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { EnrollToken, enrollTokenCreate } from "../../shared/rest/enroll.ts";
import { GlobError } from "../../shared/targeting/glob.ts";
import { parseHostnameGlob } from "../../shared/targeting/hostname_glob.ts";
import type { z } from "zod";
import type { AuditLog } from "../audit/audit_log.ts";
import type { EnrollTokenRecord, Store } from "../store/store.ts";
import { normalizeHostname } from "../fleet/hostname.ts";
import { answered, refused, type ServiceAnswer } from "../service/service_answer.ts";

const TOKEN_PREFIX = "vget_";
/** 192 bits: past guessing, and short enough to paste. */
const TOKEN_RANDOM_BYTES = 24;
/** Digits of the hash that name a token. */
const ID_LENGTH = 12;
/** Most tokens that can be valid at a time; past it a script has run wild. */
const MAX_VALID_TOKENS = 10_000;

export interface EnrollTokenServiceOptions {
  readonly store: Store;
  readonly audit: Pick<AuditLog, "recordInside">;
  readonly now: () => number;
  /** The line that a person runs on the new machine, but for the hostname that a token may be bound to. */
  readonly command: (token: string) => string;
}

/** Makes, lists and revokes enrolment tokens. The store keeps their SHA-256 alone. */
export class EnrollTokenService {
  readonly #options: EnrollTokenServiceOptions;

  constructor(options: EnrollTokenServiceOptions) {
    this.#options = options;
  }

  /** Makes a token; it is in this answer and nowhere else. */
  async create(
    request: z.output<typeof enrollTokenCreate.body>,
    principal: string,
  ): Promise<ServiceAnswer<z.output<typeof enrollTokenCreate.answer>>> {
    const { store, audit, now, command } = this.#options;
    const wrong = checkHostname(request.hostname, request.replace);
    if (wrong !== undefined) return refused(400, wrong);
    const valid = (await this.list()).tokens.filter(({ state }) => state === "valid").length;
    if (valid >= MAX_VALID_TOKENS) {
      return refused(429, `There are ${valid} valid enrolment tokens. Revoke some first`);
    }
    const random = crypto.getRandomValues(new Uint8Array(TOKEN_RANDOM_BYTES));
    const token = TOKEN_PREFIX + random.toBase64({ alphabet: "base64url" });
    const record: EnrollTokenRecord = {
      hash: sha256Hex(token),
      createdAtMs: now(),
      expiresAtMs: now() + request.ttlMs,
      uses: request.uses,
      usesLeft: request.uses,
      hostname: request.hostname?.toLowerCase() ?? null,
      replace: request.replace,
      createdBy: principal,
      revokedAtMs: null,
    };
    await store.transaction(async (inside) => {
      await inside.enrollTokens.add(record);
      await audit.recordInside(inside, { name: principal }, "enroll.token.create", {
        id: tokenId(record.hash),
        hostname: record.hostname,
        uses: record.uses,
        expiresAtMs: record.expiresAtMs,
        replace: record.replace,
      });
    });
    return answered({
      token,
      command: command(token) + hostnameFlag(record.hostname),
      info: describe(record, now()),
    });
  }

  /** Every token, newest first. */
  async list(): Promise<{ tokens: EnrollToken[] }> {
    const records = await this.#options.store.enrollTokens.list();
    const nowMs = this.#options.now();
    const newestFirst = records.toSorted((one, other) => other.createdAtMs - one.createdAtMs);
    return { tokens: newestFirst.map((record) => describe(record, nowMs)) };
  }

  /** @param id what {@linkcode list} shows, or more digits of the hash. */
  async revoke(id: string, principal: string): Promise<ServiceAnswer<{ revoked: true }>> {
    const { store, audit, now } = this.#options;
    if (!/^[0-9a-f]{8,64}$/.test(id)) {
      return refused(400, `Cannot revoke token ${JSON.stringify(id)}: give the ID that list shows`);
    }
    const found = (await store.enrollTokens.list()).filter(({ hash }) => hash.startsWith(id));
    const [record] = found;
    if (!record) return refused(404, `No enrolment token has the ID "${id}"`);
    if (found.length > 1) {
      return refused(409, `${found.length} tokens begin with "${id}": give more digits`);
    }
    await store.transaction(async (inside) => {
      await inside.enrollTokens.revoke(record.hash, now());
      await audit.recordInside(inside, { name: principal }, "enroll.token.revoke", {
        id: tokenId(record.hash),
      });
    });
    return answered({ revoked: true });
  }
}

/** The name of a token: enough of its hash to tell it from others, useless to enrol with. */
export function tokenId(hash: string): string {
  return hash.slice(0, ID_LENGTH);
}

/** What a token is good for at `nowMs`. */
export function tokenState(record: EnrollTokenRecord, nowMs: number): EnrollToken["state"] {
  if (record.revokedAtMs !== null) return "revoked";
  if (record.usesLeft <= 0) return "used";
  return nowMs >= record.expiresAtMs ? "expired" : "valid";
}

function describe(record: EnrollTokenRecord, nowMs: number): EnrollToken {
  const { createdAtMs, expiresAtMs, usesLeft, hostname, replace, createdBy } = record;
  const state = tokenState(record, nowMs);
  return {
    id: tokenId(record.hash),
    createdAtMs,
    expiresAtMs,
    usesLeft,
    hostname,
    replace,
    createdBy,
    state,
  };
}

/** A machine that is called otherwise could not use the token. A pattern is left to what the machine is called. */
function hostnameFlag(hostname: string | null): string {
  const plain = normalizeHostname(hostname ?? "");
  return plain === undefined ? "" : ` --hostname ${plain}`;
}

function checkHostname(hostname: string | undefined, replace: boolean): string | undefined {
  if (replace && (hostname === undefined || normalizeHostname(hostname) === undefined)) {
    return `A token that replaces an envoy names one host: give --hostname without a wildcard, not ${
      JSON.stringify(hostname ?? "")
    }`;
  }
  if (hostname === undefined) return undefined;
  try {
    parseHostnameGlob(hostname);
  } catch (error) {
    if (error instanceof GlobError) return error.message;
    throw error;
  }
  const isPattern = /[*?[\\]/.test(hostname);
  const isPossible = isPattern
    ? !/[^a-z0-9_.*?[\]^\\-]/i.test(hostname)
    : normalizeHostname(hostname);
  return isPossible
    ? undefined
    : `No machine can have the hostname ${
      JSON.stringify(hostname)
    }: write letters, digits, "-", "_" and ".", and "*" or "?" for any`;
}
