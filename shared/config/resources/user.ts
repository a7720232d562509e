import { z } from "zod";
import {
  absent,
  absolutePath,
  accountId,
  accountName,
  accountReference,
  ensureOneOf,
  onlyWhenPresent,
  present,
} from "./parameters.ts";
import { authorizedKeyLine } from "./ssh_key.ts";

/** Longest password, in characters: hashing time grows with it, and crypt implementations cut near here. */
const MAX_PASSWORD_LENGTH = 256;
/** Most keys of one user. */
const MAX_AUTHORIZED_KEYS = 200;

/** The grants of a user on the swarm; what is not given is not granted. */
export const SWARM_FLAGS = ["puddle", "gitback", "curator", "poolq"] as const;

export type SwarmFlag = typeof SWARM_FLAGS[number];

/** A Unix account. Everything but the name is optional, and what is not given stays as it is. */
export const userSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    name: accountName,
    uid: accountId.optional(),
    /** Primary group: a name or a number. It must exist. Without it a new user gets a group of its own name. */
    gid: accountReference.optional(),
    /** Supplementary groups the user has at least; it stays in others it may be in. */
    groups: z.array(accountName).max(256).optional(),
    comment: z.string().max(256).regex(/^[^:\n\0]*$/, 'expected text without ":"').optional(),
    shell: absolutePath.refine((path) => !path.includes(":"), 'expected a path without ":"')
      .optional(),
    home: absolutePath.refine((path) => !path.includes(":"), 'expected a path without ":"')
      .optional(),
    /** Whether a new user's home is made. */
    create_home: z.boolean().default(true),
    /** Whether a new user gets an id from the range of system accounts. */
    system: z.boolean().default(false),
    /** In plain text (from a secret), stored as `$6$`; a complete `$6$` hash is stored as it is. */
    password: z.string({ error: "expected a password of text" }).min(1).max(MAX_PASSWORD_LENGTH)
      .refine((text) => !/[\n\r\0]/.test(text), "expected a password on one line").optional(),
    /** The whole of `~/.ssh/authorized_keys`: a key that is not listed is removed. */
    authorized_keys: z.array(authorizedKeyLine).max(MAX_AUTHORIZED_KEYS).optional(),
    puddle: z.boolean().default(false),
    gitback: z.boolean().default(false),
    curator: z.boolean().default(false),
    poolq: z.boolean().default(false),
  }),
  /** The account goes; its home stays, for a person to decide. */
  z.strictObject({ ensure: absent, name: accountName }, onlyWhenPresent),
], ensureOneOf("present", "absent"));

export type UserParams = z.infer<typeof userSchema>;

/** What the file of one user in `usercrate-policy/` holds; a missing file grants nothing. */
export const usercratePolicySchema = z.strictObject({
  user: accountName,
  puddle: z.boolean(),
  gitback: z.boolean(),
  curator: z.boolean(),
  poolq: z.boolean(),
});

export type UsercratePolicy = z.infer<typeof usercratePolicySchema>;
