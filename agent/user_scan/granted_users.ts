import { type SwarmFlag, usercratePolicySchema } from "../../shared/config/resources/user.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { AccountReader } from "../system/account_reader.ts";
import { LocalFiles } from "../system/local_files.ts";
import { isAbsent } from "../store/is_absent.ts";
import type { ScannedUser } from "./user_scans.ts";

/** Most users of a machine whose queues are carried. */
const MAX_GRANTED = 1_000;
/** A policy has four flags and a name. */
const MAX_POLICY_BYTES = 4_096;

/** Which users of this machine may use queues, by the policies that the agent wrote, and where their homes are. */
export class GrantedUsers {
  readonly #roots: RootPaths;
  readonly #folder: string;
  readonly #files = new LocalFiles();

  constructor(roots: RootPaths) {
    this.#roots = roots;
    this.#folder = roots.at("/var/lib/vigo/usercrate-policy");
  }

  /** Names of the users to whom something is granted; a policy that cannot be read grants nothing. */
  async names(flag: SwarmFlag = "poolq"): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const { name, isFile } of Deno.readDir(this.#folder)) {
        const user = name.endsWith(".json") && isFile ? name.slice(0, -".json".length) : "";
        if (user !== "" && await this.#isGranted(user, flag)) names.push(user);
        if (names.length === MAX_GRANTED) break;
      }
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
    return names.sort();
  }

  /** A user of this machine; users and homes are those of the root where it has its own. */
  async find(name: string): Promise<ScannedUser | undefined> {
    const { root } = this.#roots;
    const hasOwn = root !== "/" &&
      await this.#files.inspect(this.#roots.at("/etc/passwd")) !== undefined;
    const reader = new AccountReader(this.#files, hasOwn ? `${root}/etc` : "/etc");
    const user = await reader.findUser(name);
    if (!user) return undefined;
    const { uid, gid, home } = user;
    return { name, uid, gid, home: hasOwn ? this.#roots.at(home) : home };
  }

  async #isGranted(name: string, flag: SwarmFlag): Promise<boolean> {
    try {
      const path = `${this.#folder}/${name}.json`;
      const { size } = await Deno.stat(path);
      if (size > MAX_POLICY_BYTES) return false;
      const policy = usercratePolicySchema.parse(JSON.parse(await Deno.readTextFile(path)));
      return policy.user === name && policy[flag];
    } catch {
      // A policy that is damaged or just being replaced grants nothing.
      return false;
    }
  }
}
