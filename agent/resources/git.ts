import { type GitParams, gitSchema } from "../../shared/config/resources/git.ts";
import { BlockedError } from "../system/blocked_error.ts";
import type { Entry } from "../system/files.ts";
import { describeFailure } from "../system/processes.ts";
import { GitCommand, outputOf } from "./git_command.ts";
import { resolveIdentity } from "./identity.ts";
import { inTheWay } from "./ownership.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  type ResourceType,
  unknown,
} from "./resource.ts";

const FOLDER_MODE = 0o755;
/** Minutes after which a lock in `.git` was left behind by a git that was killed. */
const STALE_LOCK_MINUTES = 60;
/** Most changed files that a diff names. */
const MAX_SHOWN = 20;
/** What git answers about a reference that the repository does not have. */
const COMMIT_PATTERN = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

/**
 * A checkout of one commit, without a branch. Git runs as the owner, in a folder that has to be the owner's, so that what a
 * checkout could make git do it does with that user's rights. A whole commit id needs the repository only when it is not
 * there yet; a branch or a tag is asked for on every check.
 */
export const git: ResourceType<GitParams> = { type: "git", schema: gitSchema, check, apply };

async function check(params: GitParams, context: ApplyContext): Promise<Finding> {
  const opened = await open(params, context);
  if (!opened.ok) return unknown(opened.reason);
  const { command, found } = opened;
  const wanted = await resolveRevision(params, command);
  if (!wanted.ok) return unknown(wanted.reason);
  const { path, repository } = params;
  const target = `${repository} at ${shorten(wanted.commit)}${
    params.revision === undefined ? "" : ` (${params.revision})`
  }`;
  if (found === undefined) return differences([`${path}: absent → ${target}`]);
  if (!await isCheckout(path, context)) {
    const { length } = await context.files.list(path);
    return length === 0
      ? differences([`${path}: empty → ${target}`])
      : unknown(`"${path}" holds ${length} entries and is no checkout; empty it`);
  }
  const head = await command.local("rev-parse", "--verify", "--quiet", "HEAD^{commit}");
  if (head.status !== 0 && head.stderr !== "") {
    return unknown(describeFailure(`Reading the checkout "${path}"`, head));
  }
  const current = head.stdout.trim();
  const origin = await originOf(command);
  const changed = current === "" ? [] : await changedFiles(command, path);
  if (changed.length > 0 && !params.force) {
    return unknown(
      `"${path}" has ${changed.length} changed files, the first is "${
        changed[0]
      }"; put them back, or set force: true`,
    );
  }
  return differences([
    ...(current === wanted.commit ? [] : [`${path}: ${shorten(current)} → ${target}`]),
    ...(origin === repository ? [] : [`${path}: origin ${origin || "none"} → ${repository}`]),
    ...changed.slice(0, MAX_SHOWN).map((file) => `${path}: ${file} changed → as committed`),
  ]);
}

async function apply(params: GitParams, context: ApplyContext): Promise<Change> {
  const opened = await open(params, context);
  if (!opened.ok) throw new Error(opened.reason);
  const { command, found, uid, gid } = opened;
  const wanted = await resolveRevision(params, command);
  if (!wanted.ok) throw new Error(wanted.reason);
  const { path, repository } = params;
  if (found === undefined) {
    await context.files.makeDirectory(path, FOLDER_MODE, { uid, gid });
  }
  // Without templates there are no hooks from the start. In a repository that is there it does nothing.
  outputOf("git init", await command.local("init", "--quiet", "--template="));
  await command.program(
    ...["find", ".git", "-maxdepth", "1", "-name", "*.lock"] as const,
    ...["-mmin", `+${STALE_LOCK_MINUTES}`, "-delete"],
  );
  outputOf("git config", await command.local("config", "remote.origin.url", repository));
  if (!await hasCommit(wanted.commit, command)) await fetchCommit(wanted, params, command);
  outputOf(
    `Checking out ${wanted.commit} in "${path}"`,
    await command.long("checkout", "--quiet", "--force", "--detach", wanted.commit, "--"),
  );
  return found === undefined ? "created" : "updated";
}

type Opened =
  | {
    readonly ok: true;
    readonly command: GitCommand;
    readonly found: Entry | undefined;
    readonly uid: number;
    readonly gid: number;
  }
  | { readonly ok: false; readonly reason: string };

/** The folder has to be the owner's: git itself refuses another one, and so do we before it says so at length. */
async function open(params: GitParams, context: ApplyContext): Promise<Opened> {
  const identity = await resolveIdentity(params.owner, context);
  if (!identity.ok) return identity;
  const { uid, gid } = identity.program.as ?? context.self;
  const found = await context.files.inspect(params.path);
  if (found !== undefined && found.kind !== "directory") {
    return { ok: false, reason: inTheWay(params.path, found, "a folder") };
  }
  if (found !== undefined && found.uid !== uid) {
    return {
      ok: false,
      reason: `"${params.path}" belongs to uid ${found.uid}, not to ${
        params.owner ?? `uid ${uid}`
      }; change its owner or the resource`,
    };
  }
  return { ok: true, command: new GitCommand(params, identity, context), found, uid, gid };
}

type Revision =
  | { readonly ok: true; readonly commit: string; readonly reference: string | undefined }
  | { readonly ok: false; readonly reason: string };

/** The commit that is meant, and the name by which the repository has it. */
async function resolveRevision(params: GitParams, command: GitCommand): Promise<Revision> {
  const { revision, repository } = params;
  if (revision !== undefined && COMMIT_PATTERN.test(revision)) {
    return { ok: true, commit: revision, reference: undefined };
  }
  const patterns = revision === undefined
    ? ["HEAD"]
    : revision.startsWith("refs/")
    ? [revision, `${revision}^{}`]
    : [`refs/heads/${revision}`, `refs/tags/${revision}`, `refs/tags/${revision}^{}`];
  const result = await command.remote("/", "ls-remote", "--quiet", "--", repository, ...patterns);
  if (result.end !== "exited" || result.status !== 0) {
    throw new BlockedError(describeFailure(`Asking ${repository}`, result));
  }
  const found = new Map(
    result.stdout.split("\n").map((line) => line.split("\t")).map(([commit = "", name = ""]) =>
      [name, commit] as const
    ),
  );
  const names = patterns.filter((name) => found.has(name) && !name.endsWith("^{}"));
  const [name] = names;
  if (name === undefined) {
    return { ok: false, reason: `${repository} has no branch or tag "${revision ?? "HEAD"}"` };
  }
  if (names.length > 1) {
    return {
      ok: false,
      reason: `"${revision}" is a branch and a tag of ${repository}; write ${names.join(" or ")}`,
    };
  }
  // An annotated tag is an object of its own, behind which the commit stands.
  const commit = found.get(`${name}^{}`) ?? found.get(name) ?? "";
  return COMMIT_PATTERN.test(commit)
    ? { ok: true, commit, reference: name }
    : { ok: false, reason: `${repository} names no commit for "${name}"` };
}

/** By its name, or by its id, which some servers refuse: then by way of everything that they have. */
async function fetchCommit(
  { commit, reference }: Extract<Revision, { ok: true }>,
  { path, repository, depth }: GitParams,
  command: GitCommand,
): Promise<void> {
  const fetch = (...references: readonly string[]) =>
    command.remote(
      path,
      "fetch",
      "--quiet",
      "--force",
      "--no-tags",
      "--no-write-fetch-head",
      ...(depth === undefined ? [] : [`--depth=${depth}`]),
      "--",
      repository,
      ...references,
    );
  let result = await fetch(reference ?? commit);
  if (result.status !== 0 && reference === undefined) {
    result = await fetch("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*");
  }
  if (result.end !== "exited" || result.status !== 0) {
    throw new BlockedError(describeFailure(`Fetching ${commit} from ${repository}`, result));
  }
  if (!await hasCommit(commit, command)) {
    throw new Error(`${repository} has no commit ${commit}, or not in so little history`);
  }
}

async function hasCommit(commit: string, command: GitCommand): Promise<boolean> {
  const result = await command.local("cat-file", "-e", `${commit}^{commit}`);
  return result.end === "exited" && result.status === 0;
}

async function isCheckout(path: string, { files }: ApplyContext): Promise<boolean> {
  return (await files.inspect(`${path}/.git`))?.kind === "directory";
}

async function originOf(command: GitCommand): Promise<string> {
  return (await command.local("config", "--get", "remote.origin.url")).stdout.trim();
}

/** Files of the commit that are not as committed; what is not part of it is nobody's business here. */
async function changedFiles(command: GitCommand, path: string): Promise<readonly string[]> {
  const result = await command.long(
    "--no-optional-locks",
    "status",
    "--porcelain=v1",
    "-z",
    "--untracked-files=no",
    "--ignore-submodules=all",
    "--no-renames",
  );
  const text = outputOf(`Comparing the files of "${path}"`, {
    ...result,
    // The first line may begin with a blank that means something.
    stdout: `.${result.stdout}`,
  });
  return text.slice(1).split("\0").filter((line) => line !== "").map((line) => line.slice(3));
}

function shorten(commit: string): string {
  return commit === "" ? "no commit" : commit.slice(0, 12);
}
