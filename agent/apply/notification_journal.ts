import { z } from "zod";
import { MAX_BUNDLE_RESOURCES } from "../../shared/config/policy_bundle.ts";
import { writeFileDurable } from "../../shared/platform/durable_write.ts";

/**
 * Remembers which resources have been notified and have not acted yet. A run that is killed after it replaced a file and
 * before it restarted the service would otherwise never restart it: the next run finds the file in sync. So the engine
 * saves a notification *before* the change that causes it and strikes it out *after* its receiver has acted; what a crash
 * leaves is one notification too many, never one too few.
 */
export interface NotificationJournal {
  /** Ids of the resources that an earlier run owes. */
  load(): Promise<readonly string[]>;
  /** Durable when it returns. */
  save(ids: readonly string[]): Promise<void>;
}

/** Forgets everything with the process: for dry runs and for tests. */
export class MemoryJournal implements NotificationJournal {
  #ids: readonly string[];

  constructor(ids: readonly string[] = []) {
    this.#ids = ids;
  }

  load(): Promise<readonly string[]> {
    return Promise.resolve(this.#ids);
  }

  save(ids: readonly string[]): Promise<void> {
    this.#ids = [...ids];
    return Promise.resolve();
  }
}

const journalSchema = z.array(z.string().max(1024)).max(MAX_BUNDLE_RESOURCES);

/** Keeps the ids in a file of its own; its folder must exist. */
export class FileJournal implements NotificationJournal {
  constructor(private readonly path: string) {}

  /** @throws {Error} if the file is damaged, which one-step writes rule out: somebody changed it. */
  async load(): Promise<readonly string[]> {
    let text: string;
    try {
      text = await Deno.readTextFile(this.path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
    try {
      return journalSchema.parse(JSON.parse(text));
    } catch (cause) {
      throw new Error(
        `Cannot read notifications in "${this.path}": it is not a list of ids. Remove it`,
        { cause },
      );
    }
  }

  async save(ids: readonly string[]): Promise<void> {
    await writeFileDurable(this.path, JSON.stringify(ids), { mode: 0o600 });
  }
}
