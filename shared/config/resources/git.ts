import { z } from "zod";
import { absolutePath, accountName } from "./parameters.ts";

const REPOSITORY_HINT =
  'expected a repository like "https://host/x.git", "ssh://git@host/x.git", "git@host:x.git" or an absolute path on the envoy';
const REVISION_HINT = 'expected a branch, a tag or a whole commit id, like "main" or "v1.2.0"';

/** Longest time a transfer may take, in seconds. */
const MAX_TIMEOUT_SECONDS = 24 * 60 * 60;

/** How git may reach a repository; `ext::` and others that run programs are not among them. */
export const GIT_PROTOCOLS = ["https", "http", "ssh", "file"] as const;

export type GitProtocol = typeof GIT_PROTOCOLS[number];

/** By which protocol an address is reached, or `undefined` if it is none that is allowed. */
export function gitProtocolOf(repository: string): GitProtocol | undefined {
  if (repository.startsWith("/")) return "file";
  const scheme = /^([a-z+]+):\/\//.exec(repository)?.[1];
  if (scheme === "https" || scheme === "http" || scheme === "ssh") return scheme;
  // scp(1)'s form; a host never begins with "-", which ssh would read as an option.
  const isScpForm = scheme === undefined &&
    /^([A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:[^:-][^:]*$/
      .test(repository);
  return isScpForm ? "ssh" : undefined;
}

const repository = z.string({ error: REPOSITORY_HINT }).min(1, REPOSITORY_HINT).max(2048)
  .regex(/^[\x21-\x7e]+$/, REPOSITORY_HINT)
  .refine((text) => gitProtocolOf(text) !== undefined, REPOSITORY_HINT)
  .refine(
    (text) => !/^(ssh|https?):\/\/([^/@]*@)?-/.test(text),
    'expected a host that does not begin with "-"',
  )
  .refine(
    (text) => !/^https?:\/\/[^/]*@|^ssh:\/\/[^/@]*:[^/@]*@/.test(text),
    'holds credentials, which everybody could read: write them as "username" and "password"',
  );

/** A checkout of a repository at one revision. Git runs as the owner, never with its hooks. */
export const gitSchema = z.strictObject({
  path: absolutePath,
  repository,
  /** A branch is followed, a tag and a commit stay. Without it what the repository's HEAD names. */
  revision: z.string({ error: REVISION_HINT }).max(255).regex(
    // The rules of git-check-ref-format(1) that matter for passing it on.
    /^(?!.*(\.\.|\/\/|@\{|\.lock(\/|$)|\/$|\.$))[A-Za-z0-9_][A-Za-z0-9_.\/@+-]*$/,
    REVISION_HINT,
  ).optional(),
  /** So many commits of history; without it all of it. */
  depth: z.number().int().min(1).max(1_000_000).optional(),
  /** Whose checkout it is; without one that of the agent's own user. */
  owner: accountName.optional(),
  /** Whether files that were changed by hand are put back; without it such a checkout is left alone. */
  force: z.boolean().default(false),
  /** For https, from a secret. */
  username: z.string().min(1).max(255).regex(/^[^:\p{Cc}]+$/u, 'expected a name without ":"')
    .optional(),
  password: z.string().min(1).max(4096).regex(/^\P{Cc}+$/u, "expected a password on one line")
    .optional(),
  /** The private key for ssh, a file on the envoy that the owner may read. */
  ssh_key: absolutePath.regex(/^[A-Za-z0-9_.\/+-]+$/, "expected a path of letters, digits, . _ + -")
    .optional(),
  /** Seconds for one transfer. */
  timeout: z.number().int().min(1).max(MAX_TIMEOUT_SECONDS).default(600),
}).superRefine((git, context) => {
  const refuse = (parameter: string, message: string) =>
    context.addIssue({ code: "custom", path: [parameter], message });
  const protocol = gitProtocolOf(git.repository);
  if (git.password !== undefined && protocol !== "https") {
    refuse(
      "password",
      "needs a repository at https://: it would travel unprotected, or not at all",
    );
  }
  if (git.username !== undefined && git.password === undefined) {
    refuse("username", 'needs "password"');
  }
  if (git.ssh_key !== undefined && protocol !== "ssh") {
    refuse("ssh_key", "needs a repository that is reached by ssh");
  }
});

export type GitParams = z.infer<typeof gitSchema>;
