import { join } from "node:path";
import type { z } from "zod";
import {
  type Delegation,
  delegationSchema,
  verifyDelegation,
} from "../../shared/puddle/delegation.ts";
import {
  type NameClaim,
  nameClaimSchema,
  verifyNameClaim,
} from "../../shared/puddle/name_claim.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import {
  MAX_WRAPPED_BYTES,
  WRAP_SALT_BYTES,
  type WrappedIdentity,
  wrappedIdentitySchema,
} from "../../shared/puddle/wrapped_identity.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { isOwnFolder, OTHERS, OTHERS_WRITE, readGuarded } from "./guarded_file.ts";
import { puddlePaths } from "./puddle_paths.ts";

/** Most delegations that one puddle keeps: as many as a chain may have. */
export const MAX_RETIRED = 8;
/** Largest delegation, in bytes of its file. */
const MAX_DELEGATION_BYTES = 64 * 1024;
/** 64 digits and a line feed. */
const MAX_PUBLIC_KEY_BYTES = 65;
const MAX_NAME_BYTES = 1024;

/** What anybody who may read a home knows of its puddle, without the passphrase. */
export interface Puddle {
  readonly publicKey: string;
  /** Verified; in no order. */
  readonly retired: readonly Delegation[];
  readonly chain: PuddleChain;
  /** Every key that may have founded topics of this puddle, the oldest first, the present one last. */
  readonly foundingKeys: readonly string[];
}

/**
 * The public key of the puddle in a home, as 64 hex digits; nothing if there is none.
 *
 * @throws {UserError} if what lies there must not be believed, or is damaged.
 */
export async function readPublicKey(home: string): Promise<string | undefined> {
  const paths = puddlePaths(home);
  if (!await isOwnFolder(paths.folder, "the folder of the puddle")) return undefined;
  const bytes = await readGuarded(paths.publicKey, {
    what: "identity.pub",
    maxBytes: MAX_PUBLIC_KEY_BYTES,
    forbidden: OTHERS_WRITE,
  });
  if (bytes === undefined) return undefined;
  const [, key] = /^([0-9a-f]{64})\n?$/.exec(new TextDecoder().decode(bytes)) ?? [];
  if (key !== undefined) return key;
  throw new UserError(
    `Cannot read ${paths.publicKey}: it does not hold a public key. Run "vigo swarm puddle status", which restores it`,
  );
}

/**
 * The delegations of the keys that this puddle had, each verified.
 *
 * @throws {UserError} if one must not be believed, or is damaged.
 */
export async function readRetired(home: string): Promise<Delegation[]> {
  const { folder, retired } = puddlePaths(home);
  if (!await isOwnFolder(folder, "the folder of the puddle")) return [];
  if (!await isOwnFolder(retired, "the folder of retired keys")) return [];
  const names: string[] = [];
  for await (const { name } of Deno.readDir(retired)) {
    if (/^[0-9a-f]{64}\.json$/.test(name)) names.push(name);
    if (names.length > MAX_RETIRED) {
      throw new UserError(
        `Cannot read ${retired}: it holds more than ${MAX_RETIRED} retired keys. Move away what does not belong there`,
      );
    }
  }
  return await Promise.all(names.map((name) => readDelegation(join(retired, name))));
}

/** The puddle of a home without its private half; nothing if there is none. @throws {UserError} if it is damaged. */
export async function readPuddle(home: string): Promise<Puddle | undefined> {
  const publicKey = await readPublicKey(home);
  if (publicKey === undefined) return undefined;
  const retired = await readRetired(home);
  const chain = new PuddleChain(retired);
  const before = [...chain.keysBefore(publicKey)]
    .toSorted((one, other) => chain.keysFrom(other).length - chain.keysFrom(one).length);
  return { publicKey, retired, chain, foundingKeys: [...before, publicKey] };
}

/** The claim of a name, verified; nothing if there is none. @throws {UserError} if it is damaged. */
export async function readNameClaim(home: string): Promise<NameClaim | undefined> {
  const { folder, name } = puddlePaths(home);
  if (!await isOwnFolder(folder, "the folder of the puddle")) return undefined;
  const rule = { what: "name.json", maxBytes: MAX_NAME_BYTES, forbidden: OTHERS_WRITE };
  const claim = parse(await readGuarded(name, rule), nameClaimSchema);
  if (claim === undefined) return undefined;
  if (claim !== "damaged" && verifyNameClaim(claim)) return claim;
  throw new UserError(
    `Cannot read ${name}: it is damaged. Claim the name again: vigo swarm puddle name NAME`,
  );
}

/** The wrapped private half and its salt. */
export interface WrappedFiles {
  readonly wrapped: WrappedIdentity;
  readonly salt: Uint8Array<ArrayBuffer>;
}

/** What `identity.wrapped` (or the file that is to take its place) and `identity.salt` hold; nothing without an identity. */
export async function readWrapped(
  home: string,
  which: "wrapped" | "wrappedNext" = "wrapped",
): Promise<WrappedFiles | undefined> {
  const paths = puddlePaths(home);
  if (!await isOwnFolder(paths.folder, "the folder of the puddle")) return undefined;
  const rule = { what: "identity.wrapped", maxBytes: MAX_WRAPPED_BYTES, forbidden: OTHERS };
  const wrapped = parse(await readGuarded(paths[which], rule), wrappedIdentitySchema);
  if (wrapped === undefined) return undefined;
  if (wrapped === "damaged") {
    throw new UserError(
      `Cannot read ${paths[which]}: it is cut or damaged, or of a newer version. ${RESTORE}`,
    );
  }
  const salt = await readGuarded(paths.salt, {
    what: "identity.salt",
    maxBytes: WRAP_SALT_BYTES,
    forbidden: OTHERS,
  });
  if (salt?.length === WRAP_SALT_BYTES) return { wrapped, salt };
  throw new UserError(`Cannot read ${paths.salt}: it is missing or damaged. ${RESTORE}`);
}

const RESTORE =
  'Restore it from a backup, or take the identity from another machine: "vigo swarm puddle leave", then "join"';

async function readDelegation(path: string): Promise<Delegation> {
  const rule = {
    what: "a retired key's delegation",
    maxBytes: MAX_DELEGATION_BYTES,
    forbidden: OTHERS_WRITE,
  };
  const delegation = parse(await readGuarded(path, rule), delegationSchema);
  if (
    delegation !== undefined && delegation !== "damaged" &&
    path.endsWith(`/${delegation.oldKey}.json`) && verifyDelegation(delegation)
  ) return delegation;
  throw new UserError(
    `Cannot read ${path}: it is damaged, or not what its name says. Restore it from another machine of this puddle`,
  );
}

function parse<T>(
  bytes: Uint8Array | undefined,
  schema: z.ZodType<T>,
): T | "damaged" | undefined {
  if (bytes === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    return "damaged";
  }
}
