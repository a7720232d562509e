import { z } from "zod";
import { MAX_OPENPGP_BYTES, readOpenPgpKeys } from "../../crypto/openpgp_key.ts";
import { absent, absolutePath, ensureOneOf, onlyWhenPresent, present } from "./parameters.ts";

/** Package managers whose sources are files; each has one file on the agent. */
export const REPOSITORY_PROVIDERS = ["apt", "dnf", "yum", "apk", "zypper"] as const;

const MAX_ITEMS = 50;
/** Longest address, suite, component or description. */
const MAX_TEXT_LENGTH = 1024;

const NAME_HINT = 'expected a name for a file, like "docker" or "nodesource-20.x"';
const name = z.string({ error: NAME_HINT }).max(64).regex(
  /^[A-Za-z0-9][A-Za-z0-9_.-]*$/,
  NAME_HINT,
);

const KEY_NAME_HINT =
  'expected the name of the file that the key is known by, like "packages@example.com-1a2b3c4d.rsa.pub"';
const keyName = z.string({ error: KEY_NAME_HINT }).max(255).regex(
  /^[A-Za-z0-9][A-Za-z0-9_.@+-]*$/,
  KEY_NAME_HINT,
).optional();

const provider = z.enum(REPOSITORY_PROVIDERS).optional();

const URI_HINT = 'expected an address without blanks, like "https://packages.example.com/debian"';
const uri = z.string({ error: URI_HINT }).max(MAX_TEXT_LENGTH)
  .regex(/^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/, URI_HINT)
  .refine(
    (text) => !/^[^/]*\/\/[^/]*@/.test(text),
    "expected an address without a password: everybody may read where packages come from",
  );

const FINGERPRINT_HINT = "expected a fingerprint: 40 hex digits, or 64; blanks do not count";
const fingerprint = z.string({ error: FINGERPRINT_HINT }).max(128)
  .regex(/^(?:(?:[0-9A-Fa-f] *){40}|(?:[0-9A-Fa-f] *){64})$/, FINGERPRINT_HINT);

const KEY_HINT =
  'expected a public key: "-----BEGIN PGP PUBLIC KEY BLOCK-----…", or "-----BEGIN PUBLIC KEY-----…" for apk';
const PEM_KEY = /^-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]+-----END PUBLIC KEY-----\n?$/;

/** Whether a key is one that apk takes; all others take OpenPGP. */
export function isPemKey(key: string): boolean {
  return PEM_KEY.test(key);
}

/** A word without blanks, or a list of them. */
function words(hint: string) {
  const word = z.string({ error: hint }).max(MAX_TEXT_LENGTH).regex(/^[\x21-\x7e]+$/, hint);
  return oneOrMore(word, hint);
}

function oneOrMore<Item extends z.ZodType>(item: Item, hint: string) {
  return z.union([item, z.array(item).min(1, hint).max(MAX_ITEMS)], { error: hint });
}

/**
 * A source of packages with the key that signs it, for one package manager. What is only known to some of them (suites and
 * components to apt, a tag to apk) is refused by the others.
 */
export const repositorySchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    /** Name of its file, and what the manager calls it. */
    name,
    description: z.string().max(MAX_TEXT_LENGTH).regex(/^[^\p{Cc}]*$/u, "expected one line of text")
      .optional(),
    uris: oneOrMore(uri, URI_HINT),
    suites: words('expected a suite like "bookworm", or a list of them').optional(),
    components: words('expected a component like "main", or a list of them').optional(),
    architectures: words('expected an architecture like "amd64", or a list of them').optional(),
    types: z.array(z.enum(["deb", "deb-src"])).min(1).max(2).default(["deb"]),
    /** The key itself. */
    key: z.string({ error: KEY_HINT }).max(MAX_OPENPGP_BYTES).optional(),
    /** A file on the machine that holds it. */
    key_file: absolutePath.optional(),
    /** The name that apk knows the key by; it stands in every signature. */
    key_name: keyName,
    /** Of all primary keys in it, and no other. */
    fingerprint: oneOrMore(fingerprint, FINGERPRINT_HINT).optional(),
    /** Whether packages count without a signature. */
    trusted: z.boolean().default(false),
    /** `@tag` of apk: only packages that are asked for with it come from here. */
    tag: z.string().max(64).regex(/^[A-Za-z0-9_.-]+$/, 'expected a word like "edge"').optional(),
    enabled: z.boolean().default(true),
    provider,
  }).superRefine((repository, context) => {
    const refuse = (parameter: string, message: string) =>
      context.addIssue({ code: "custom", path: [parameter], message });
    const { key, key_file, trusted, fingerprint } = repository;
    if (key !== undefined && key_file !== undefined) {
      refuse("key_file", 'cannot be combined with "key": keep one of the two');
    }
    const signedBy = key ?? key_file;
    if (trusted && signedBy !== undefined) {
      refuse("trusted", "cannot be combined with a key: unsigned packages would count, too");
    }
    if (fingerprint !== undefined && signedBy === undefined) {
      refuse("fingerprint", 'needs "key" or "key_file": there is nothing else to compare');
    }
    if (key === undefined) return;
    if (isPemKey(key)) {
      if (fingerprint !== undefined) refuse("fingerprint", "only keys of OpenPGP have one");
      return;
    }
    const fault = findKeyFault(new TextEncoder().encode(key), fingerprint);
    if (fault !== undefined) refuse("key", `${fault}; ${KEY_HINT}`);
  }),
  z.strictObject({ ensure: absent, name, key_name: keyName, provider }, onlyWhenPresent),
], ensureOneOf("present", "absent"));

export type RepositoryParams = z.infer<typeof repositorySchema>;
export type PresentRepository = Extract<RepositoryParams, { ensure: "present" }>;

/**
 * Why key material of OpenPGP is not the key that is wanted: it cannot be read, or its primary keys are not exactly those
 * with the given fingerprints.
 */
export function findKeyFault(
  material: Uint8Array,
  wanted: string | readonly string[] | undefined,
): string | undefined {
  const keys = readOpenPgpKeys(material);
  if (!keys.ok) return `this is no key that can be used: ${keys.reason}`;
  if (wanted === undefined) return undefined;
  const listed = (typeof wanted === "string" ? [wanted] : wanted)
    .map((text) => text.replaceAll(" ", "").toUpperCase());
  const isSame = keys.fingerprints.every((found) => listed.includes(found)) &&
    listed.every((one) => keys.fingerprints.includes(one));
  return isSame
    ? undefined
    : `the key has the fingerprint ${keys.fingerprints.join(", ")}, not ${listed.join(", ")}`;
}
