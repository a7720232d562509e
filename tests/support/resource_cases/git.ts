import { git } from "../../../agent/resources/git.ts";
import { resourceContract } from "../resource_contract.ts";
import { runOrThrow } from "../run_command.ts";
import type { TemporaryMachine } from "../temporary_machine.ts";

/** Settings that make the same commits everywhere. */
const AUTHOR = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Vigo",
  GIT_AUTHOR_EMAIL: "tests@vigo.invalid",
  GIT_COMMITTER_NAME: "Vigo",
  GIT_COMMITTER_EMAIL: "tests@vigo.invalid",
};

/** Runs git in the repository that a test made, and returns what it printed. */
export async function inRepository(
  machine: TemporaryMachine,
  ...args: readonly string[]
): Promise<string> {
  const text = await runOrThrow("git", ["-C", machine.root.join("repository"), ...args], {
    env: AUTHOR,
  });
  return text.trim();
}

/** A repository with two commits on `main`, the first of which has the tag `v1`; returns its path. */
export async function makeRepository(machine: TemporaryMachine): Promise<string> {
  const path = machine.root.join("repository");
  await Deno.mkdir(path);
  await inRepository(machine, "init", "--quiet", "--initial-branch=main");
  await commit(machine, "one");
  await inRepository(machine, "tag", "--annotate", "--message=first", "v1");
  await commit(machine, "two");
  return path;
}

/** Puts `content` into the repository's one file. */
export async function commit(machine: TemporaryMachine, content: string): Promise<string> {
  await Deno.writeTextFile(machine.root.join("repository/file"), `${content}\n`);
  await inRepository(machine, "add", "file");
  await inRepository(machine, "commit", "--quiet", `--message=${content}`);
  return await inRepository(machine, "rev-parse", "HEAD");
}

async function expectContent(machine: TemporaryMachine, content: string): Promise<void> {
  const found = await Deno.readTextFile(machine.root.join("checkout/file"));
  if (found !== `${content}\n`) throw new Error(`the checkout has "${found}"`);
}

export const gitContract = resourceContract(git, {
  bad: [
    { params: { path: "/srv/x" }, names: "repository" },
    { params: { path: "/srv/x", repository: "ext::sh -c id" }, names: "repository" },
    { params: { path: "/srv/x", repository: "ssh://-oProxyCommand=id/x" }, names: "repository" },
    { params: { path: "/srv/x", repository: "-oProxyCommand=id:x" }, names: "repository" },
    { params: { path: "/srv/x", repository: "https://me:secret@host/x" }, names: "repository" },
    {
      params: { path: "/srv/x", repository: "/r", revision: "--upload-pack=id" },
      names: "revision",
    },
    { params: { path: "/srv/x", repository: "/r", password: "x" }, names: "password" },
  ],
  unknown: [
    {
      title: "a folder that holds something else",
      prepare: async (machine) => {
        const repository = await makeRepository(machine);
        await Deno.mkdir(machine.root.join("checkout"));
        await Deno.writeTextFile(machine.root.join("checkout/precious"), "");
        return { path: machine.root.join("checkout"), repository };
      },
      reason: /holds 1 entries and is no checkout; empty it/,
    },
    {
      title: "a branch that the repository does not have",
      prepare: async (machine) => ({
        path: machine.root.join("checkout"),
        repository: await makeRepository(machine),
        revision: "nowhere",
      }),
      reason: /has no branch or tag "nowhere"/,
    },
  ],
  cases: [
    {
      title: "a checkout of a branch, which is followed",
      prepare: async (machine) => ({
        path: machine.root.join("checkout"),
        repository: await makeRepository(machine),
        revision: "main",
      }),
      tamper: (machine) => commit(machine, "three"),
    },
    {
      title: "a checkout of a tag, whose files were changed",
      prepare: async (machine) => ({
        path: machine.root.join("checkout"),
        repository: await makeRepository(machine),
        revision: "v1",
        depth: 1,
        force: true,
      }),
      tamper: (machine) => Deno.writeTextFile(machine.root.join("checkout/file"), "by hand\n"),
      verify: (machine) => expectContent(machine, "one"),
    },
    {
      title: "a checkout of one commit into an empty folder",
      prepare: async (machine) => {
        const repository = await makeRepository(machine);
        await Deno.mkdir(machine.root.join("checkout"));
        const revision = await inRepository(machine, "rev-parse", "main~1");
        return { path: machine.root.join("checkout"), repository, revision };
      },
      tamper: (machine) => Deno.remove(machine.root.join("checkout"), { recursive: true }),
      verify: (machine) => expectContent(machine, "one"),
    },
  ],
});
