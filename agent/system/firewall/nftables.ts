import { dirname } from "node:path";
import { z } from "zod";
import type { Files } from "../files.ts";
import { describeFailure, type Processes, type ProgramResult } from "../processes.ts";
import type { Services } from "../services/service_manager.ts";
import {
  EMPTY_MODEL,
  type FirewallModel,
  firewallModelSchema,
  isEmptyModel,
} from "./firewall_model.ts";
import type { FirewallProvider, FirewallState } from "./firewall_provider.ts";
import { compareListings, type Listing, listingSchema, parseListing } from "./nft_listing.ts";
import { renderRuleset } from "./nft_ruleset.ts";

const TIMEOUT_MS = 60_000;
/** 10,000 rules with a hundred networks each. */
const MAX_BYTES = 64 * 1024 * 1024;
const UNIT = "vigo-firewall";

/** What was loaded last, and what nft(8) showed of it then. */
const stateSchema = z.strictObject({
  schema: z.literal(1),
  model: firewallModelSchema,
  listing: listingSchema,
});

/** Where the provider keeps what it needs. */
export interface NftablesPaths {
  /** The script that loads the rules at the next start. */
  readonly script: string;
  readonly unit: string;
  /** What was loaded; its folder is made if it is missing, the one above must exist. */
  readonly state: string;
}

/** The rules in a table of their own, `inet vigo`, loaded at boot by a unit of their own. */
export class NftablesProvider implements FirewallProvider {
  readonly name = "nftables";

  constructor(
    private readonly files: Files,
    private readonly processes: Processes,
    private readonly services: Services,
    private readonly paths: NftablesPaths,
    private readonly managementPorts: readonly number[],
    private readonly self: { readonly uid: number; readonly gid: number },
  ) {}

  async inspect(): Promise<FirewallState> {
    const state = await this.#loadState();
    if (state === undefined) return { model: EMPTY_MODEL, ruleFaults: new Map(), faults: [] };
    const { model, listing } = state;
    const persistence = await this.#persistenceFaults(model);
    const now = await this.#list();
    if (now === undefined) {
      const gone = isEmptyModel(model) ? [] : ["table inet vigo is gone from the kernel"];
      return { model, ruleFaults: new Map(), faults: [...gone, ...persistence] };
    }
    const { ruleFaults, faults } = compareListings(listing, now);
    return { model, ruleFaults, faults: [...faults, ...persistence] };
  }

  /**
   * The kernel first, which takes all of it or nothing; then the script for the next start, and at last what was done. A
   * crash in between leaves a difference that the next look finds.
   */
  async replace(model: FirewallModel): Promise<void> {
    const script = renderRuleset(model, this.managementPorts);
    await this.#run(["nft", "-f", "-"], "Loading the firewall's rules", script);
    const listing = await this.#list() ?? { chains: [], rules: [] };
    if (isEmptyModel(model)) await this.#forgetAtBoot();
    else await this.#keepForBoot(script);
    await this.#makeStateFolder();
    await this.#write(this.paths.state, JSON.stringify({ schema: 1, model, listing }), 0o600);
  }

  /** The table as it is now; `undefined` if there is none. */
  async #list(): Promise<Listing | undefined> {
    const result = await this.processes.run({
      argv: ["nft", "-j", "list", "table", "inet", "vigo"],
      timeoutMs: TIMEOUT_MS,
      maxOutputBytes: MAX_BYTES,
    });
    if (succeeded(result)) return parseListing(result.stdout);
    if (/No such file or directory/.test(result.stderr)) return undefined;
    throw new Error(describeFailure("Listing the firewall's rules", result));
  }

  async #persistenceFaults(model: FirewallModel): Promise<readonly string[]> {
    if (isEmptyModel(model)) return [];
    const { script, unit } = this.paths;
    const faults: string[] = [];
    if (await this.#read(script) !== renderRuleset(model, this.managementPorts)) {
      faults.push(`${script} does not have these rules`);
    }
    if (await this.#read(unit) !== this.#renderUnit()) faults.push(`${unit} is not as it was made`);
    const manager = await this.#manager();
    const status = await manager.inspect(UNIT);
    if (!status.known || status.enabled !== true) {
      faults.push(`${UNIT} does not start with the machine`);
    }
    return faults;
  }

  async #keepForBoot(script: string): Promise<void> {
    await this.#write(this.paths.script, script, 0o600);
    if (await this.#read(this.paths.unit) !== this.#renderUnit()) {
      await this.#write(this.paths.unit, this.#renderUnit(), 0o644);
    }
    const manager = await this.#manager();
    const status = await manager.inspect(UNIT);
    if (!status.known || status.enabled !== true) await manager.act(UNIT, "enable");
  }

  async #forgetAtBoot(): Promise<void> {
    const manager = await this.#manager();
    const status = await manager.inspect(UNIT);
    if (status.known && status.enabled === true) await manager.act(UNIT, "disable");
    for (const path of [this.paths.unit, this.paths.script]) {
      if (await this.files.inspect(path) !== undefined) await this.files.removeFile(path);
    }
  }

  async #makeStateFolder(): Promise<void> {
    const folder = dirname(this.paths.state);
    if (await this.files.inspect(folder) !== undefined) return;
    await this.files.makeDirectory(folder, 0o755);
  }

  async #manager() {
    const choice = await this.services.choose(undefined);
    if (!choice.ok) throw new Error(`Cannot keep rules for the next start: ${choice.reason}`);
    return choice.manager;
  }

  /** Before the network is up, and after the distribution's own rules, which may begin by flushing everything. */
  #renderUnit(): string {
    return `# Kept by Vigo.
[Unit]
Description=Firewall rules kept by Vigo
DefaultDependencies=no
Wants=network-pre.target
After=nftables.service
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
PartOf=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/env nft -f ${this.paths.script}

[Install]
WantedBy=sysinit.target
`;
  }

  async #loadState(): Promise<z.infer<typeof stateSchema> | undefined> {
    const text = await this.#read(this.paths.state);
    if (text === undefined) return undefined;
    try {
      return stateSchema.parse(JSON.parse(text));
    } catch (cause) {
      throw new Error(
        `Cannot read the firewall's rules in "${this.paths.state}": it is damaged. Remove it; ` +
          "the next run writes it anew",
        { cause },
      );
    }
  }

  async #read(path: string): Promise<string | undefined> {
    const found = await this.files.inspect(path);
    if (found?.kind !== "file") return undefined;
    return new TextDecoder().decode(await this.files.read(path, MAX_BYTES));
  }

  async #write(path: string, text: string, mode: number): Promise<void> {
    await this.files.writeFile(path, {
      content: new TextEncoder().encode(text),
      mode,
      ...this.self,
    });
  }

  async #run(argv: readonly [string, ...string[]], what: string, stdin: string): Promise<void> {
    const result = await this.processes.run({ argv, stdin, timeoutMs: TIMEOUT_MS });
    if (!succeeded(result)) throw new Error(describeFailure(what, result));
  }
}

function succeeded({ end, status }: ProgramResult): boolean {
  return end === "exited" && status === 0;
}
