import { z } from "zod";
import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import { writeFileDurable } from "../../shared/platform/durable_write.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { readUserFile } from "../user_scan/user_file.ts";
import { damageOf } from "./damage.ts";
import { explainStorage } from "./explain_storage.ts";
import { HeldLock } from "./held_lock.ts";
import { makeOwnFolder } from "./own_folder.ts";
import type { PoolqPaths } from "./poolq_paths.ts";
import { quarantine } from "./quarantine.ts";

/** Subscriptions are few: this is room for ten thousand. */
const MAX_SUBSCRIPTIONS_BYTES = 4 * 1024 * 1024;
/** Most subscriptions of one user, groups counted. */
export const MAX_SUBSCRIPTIONS = 4_096;
/** The offset of whoever reads without naming a group. */
export const OWN_GROUP = "";

const offsetSchema = z.strictObject({
  /** The last seq that was read; 0 for none. */
  offset_seq: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  /** Its id, so that what follows can be proven to follow it; absent after a seek. */
  offset_id: z.string().refine(isSha256).optional(),
});

/** How far something was read. */
export type Offset = z.infer<typeof offsetSchema>;

const subscriptionSchema = z.strictObject({
  topic_name: z.string().max(64),
  ...offsetSchema.shape,
  /** Offsets of named groups, which read the topic independently. */
  groups: z.record(z.string().max(64), offsetSchema).default({}),
});

export type Subscription = z.infer<typeof subscriptionSchema>;

const fileSchema = z.strictObject({
  schema_version: z.literal(1),
  subscriptions: z.record(z.string(), subscriptionSchema)
    .refine((topics) => Object.keys(topics).every(isSha256)),
});

type SubscriptionsFile = z.infer<typeof fileSchema>;

/**
 * What one user reads, while it is locked against other commands of the same user. Every change is durable before the method
 * returns.
 */
export class Subscriptions implements Disposable {
  readonly #lock: HeldLock;
  readonly #paths: PoolqPaths;
  #file: SubscriptionsFile;

  private constructor(lock: HeldLock, paths: PoolqPaths, file: SubscriptionsFile) {
    this.#lock = lock;
    this.#paths = paths;
    this.#file = file;
  }

  /**
   * Opens the user's subscriptions. A file that cannot be read is put aside, never overwritten.
   *
   * @param notice hears so; offsets start anew then.
   */
  static async open(
    paths: PoolqPaths,
    notice: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<Subscriptions> {
    return await explainStorage("use subscriptions", paths.folder, async () => {
      makeOwnFolder(paths.folder);
      const lock = await HeldLock.take(paths.subscriptionsLock, signal);
      try {
        return new Subscriptions(lock, paths, await readFile(paths, notice));
      } catch (error) {
        lock[Symbol.dispose]();
        throw error;
      }
    });
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }

  /** In the order of their topic ids. */
  list(): readonly (readonly [Sha256, Subscription])[] {
    return Object.entries(this.#file.subscriptions).sort(([one], [other]) => one < other ? -1 : 1)
      // Proven by the schema: every key is a digest.
      .map(([id, subscription]) => [id as Sha256, subscription]);
  }

  find(topicId: string): Subscription | undefined {
    const { subscriptions } = this.#file;
    return Object.hasOwn(subscriptions, topicId) ? subscriptions[topicId] : undefined;
  }

  /** Where a group is in a topic; a group that is new begins where the subscription began, at 0. */
  offset(topicId: string, group: string): Offset | undefined {
    const found = this.find(topicId);
    if (!found) return undefined;
    if (group === OWN_GROUP) return found;
    return groupOf(found, group) ?? { offset_seq: 0 };
  }

  /** Subscribes, or keeps the subscription that is there; a name that was not known is filled in. */
  async subscribe(topicId: Sha256, topicName: string): Promise<Subscription> {
    const found = this.find(topicId);
    if (!found && this.#count() >= MAX_SUBSCRIPTIONS) throw tooMany();
    const wanted = found
      ? { ...found, topic_name: found.topic_name || topicName }
      : { topic_name: topicName, offset_seq: 0, groups: {} };
    await this.#put(topicId, wanted);
    return wanted;
  }

  /** @throws {UserError} if there is no such subscription, or too many groups. */
  async setOffset(topicId: Sha256, group: string, offset: Offset): Promise<void> {
    const found = this.find(topicId);
    if (!found) throw new TypeError("An offset needs a subscription");
    if (group === OWN_GROUP) {
      const { topic_name, groups } = found;
      return await this.#put(topicId, { topic_name, groups, ...offset });
    }
    if (!groupOf(found, group) && this.#count() >= MAX_SUBSCRIPTIONS) throw tooMany();
    await this.#put(topicId, { ...found, groups: { ...found.groups, [group]: offset } });
  }

  async #put(topicId: Sha256, subscription: Subscription): Promise<void> {
    const file: SubscriptionsFile = {
      ...this.#file,
      subscriptions: { ...this.#file.subscriptions, [topicId]: subscription },
    };
    const { subscriptions, folder } = this.#paths;
    await explainStorage(
      "remember how far was read",
      folder,
      () => writeFileDurable(subscriptions, `${JSON.stringify(file)}\n`, { mode: 0o600 }),
    );
    this.#file = file;
  }

  #count(): number {
    return Object.values(this.#file.subscriptions)
      .reduce((sum, { groups }) => sum + 1 + Object.keys(groups).length, 0);
  }
}

/** A group may be called like what every object has. */
function groupOf({ groups }: Subscription, group: string): Offset | undefined {
  return Object.hasOwn(groups, group) ? groups[group] : undefined;
}

function tooMany(): UserError {
  return new UserError(
    `Cannot subscribe: this user has ${MAX_SUBSCRIPTIONS} subscriptions and groups, which is the most. Remove some from ~/.vigo-poolq/subscriptions.json`,
    { exitCode: EXIT_CODE.refused },
  );
}

async function readFile(
  paths: PoolqPaths,
  notice: (text: string) => void,
): Promise<SubscriptionsFile> {
  const empty: SubscriptionsFile = { schema_version: 1, subscriptions: {} };
  let reason = "it is not what subscribe writes";
  try {
    const bytes = readUserFile(paths.subscriptions, MAX_SUBSCRIPTIONS_BYTES);
    if (bytes === undefined) return empty;
    const parsed = fileSchema.safeParse(parseJson(bytes));
    if (parsed.success) return parsed.data;
  } catch (error) {
    reason = damageOf(error);
  }
  const kept = await quarantine(paths.subscriptions, `${paths.folder}/quarantine`);
  notice(
    `${paths.subscriptions} is damaged (${reason}); kept as ${kept}. Subscribe again, and seek to where you were`,
  );
  return empty;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
