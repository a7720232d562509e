import { getegid, geteuid } from "node:process";
import { join } from "node:path";
import { DaemonView, type FleetRange } from "../../agent/poolq/fleet_view.ts";
import { readKnownHeads } from "../../agent/poolq/known_head.ts";
import { type Posted, postMessages } from "../../agent/poolq/post.ts";
import { agentPaths } from "../../agent/store/agent_paths.ts";
import { generateEd25519, type Signer } from "../../shared/crypto/ed25519.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import type { FleetHost, TestFleet } from "./test_fleet.ts";

/** What a stack says of a user with these grants. */
export function userCrate(name: string, grants: Readonly<Record<string, boolean>>): string {
  const flags = Object.entries(grants).map(([flag, granted]) => `    ${flag}: ${granted}\n`);
  return `name: ${name}\nresources:\n  - user: ${name}\n${flags.join("")}`;
}

/**
 * A user of a test fleet's machines, with one key on all of them. It has the uid of whoever runs the tests, so that its
 * homes are nobody else's.
 */
export class QueueUser {
  readonly #signer: Signer = generateEd25519().signer;

  constructor(readonly name: string) {}

  get publicKey(): string {
    return this.#signer.publicKey.toHex();
  }

  /** Gives a host this user; before its daemon starts. */
  async settle({ root }: FleetHost): Promise<void> {
    await Deno.mkdir(join(root, "etc"), { recursive: true });
    const ids = `${geteuid?.() ?? 0}:${getegid?.() ?? 0}`;
    await Deno.writeTextFile(
      join(root, "etc/passwd"),
      `${this.name}:x:${ids}::/home/${this.name}:/bin/sh\n`,
    );
    await Deno.mkdir(this.home({ root }), { recursive: true });
  }

  home({ root }: Pick<FleetHost, "root">): string {
    return join(root, "home", this.name);
  }

  topicId(topic: string): string {
    return topicId(this.publicKey, topic);
  }

  /**
   * Runs a verb of `vigo swarm` as this user and returns its standard output.
   *
   * @throws {Error} with its standard error if its status is not 0.
   */
  async verb(fleet: TestFleet, host: FleetHost, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await fleet.vigo(host, [
      "swarm",
      ...args,
      "--user",
      this.name,
    ]);
    if (code === 0) return stdout;
    throw new Error(`vigo swarm ${args.join(" ")} ended with status ${code}: ${stderr.trim()}`);
  }

  /** Makes an identity on a host with the verbs of `vigo swarm puddle`, and unlocks it; to be locked again. */
  async unlockPuddle(fleet: TestFleet, host: FleetHost): Promise<void> {
    const file = join(this.home(host), "passphrase");
    await Deno.writeTextFile(file, "correct horse battery staple\n", { mode: 0o600 });
    await this.verb(fleet, host, "puddle", "init", "--passphrase-file", file);
    await this.verb(fleet, host, "puddle", "unlock", "--passphrase-file", file);
  }

  /** Posts on a host, as `vigo swarm poolq post` does, and tells the daemon if there is one. */
  async post(host: FleetHost, topic: string, ...bodies: string[]): Promise<Posted> {
    const paths = agentPaths(rootPaths(host.root));
    const fleet = this.#view(host);
    const posted = await postMessages(
      {
        home: this.home(host),
        user: this.name,
        hostname: host.hostname,
        puddle: {
          publicKey: this.publicKey,
          retired: [],
          chain: new PuddleChain([]),
          foundingKeys: [this.publicKey],
        },
        fleet,
        remembered: await readKnownHeads(paths.stateFolder, this.name),
        clock: () => ({ nowMs: Date.now(), isCorrected: true }),
        notice: () => {},
        signal: new AbortController().signal,
      },
      {
        publicKey: this.publicKey,
        sign: (_tag, bytes) => Promise.resolve(this.#signer.sign(bytes)),
      },
      topic,
      bodies,
    );
    await fleet.hint(this.name, posted.messages.map(({ message }) => message));
    return posted;
  }

  /** What the daemon of a host answers to somebody who reads; `undefined` if nobody knows the topic. */
  read(
    host: FleetHost,
    topic: string,
    from = 1,
    waitSecs?: number,
  ): Promise<FleetRange | undefined> {
    return this.#view(host).range(this.topicId(topic), {
      from,
      limit: 1_000,
      ...(waitSecs === undefined ? {} : { waitSecs }),
    });
  }

  #view({ root }: FleetHost): DaemonView {
    const { agentSocket } = agentPaths(rootPaths(root));
    return new DaemonView(agentSocket, new AbortController().signal);
  }
}
