import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { NotificationJournal } from "./notification_journal.ts";

/** The notifications of one run, and those that an earlier one still owed; see {@linkcode NotificationJournal}. */
export class PendingNotifications {
  readonly #ids: Set<string>;

  private constructor(private readonly journal: NotificationJournal, ids: Iterable<string>) {
    this.#ids = new Set(ids);
  }

  /** Takes over what is owed to resources of this bundle; what has left the policy is forgotten. */
  static async load(
    journal: NotificationJournal,
    resources: readonly BundleResource[],
  ): Promise<PendingNotifications> {
    const known = new Set<string>(resources.map(({ id }) => id));
    const owed = (await journal.load()).filter((id) => known.has(id));
    return new PendingNotifications(journal, owed);
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  list(): readonly string[] {
    return [...this.#ids];
  }

  /** Adds ids durably, and returns those that were not owed before. */
  async add(ids: readonly string[]): Promise<readonly string[]> {
    const added = ids.filter((id) => !this.#ids.has(id));
    if (added.length === 0) return added;
    for (const id of added) this.#ids.add(id);
    await this.journal.save(this.list());
    return added;
  }

  async remove(ids: readonly string[]): Promise<void> {
    const removed = ids.filter((id) => this.#ids.delete(id));
    if (removed.length > 0) await this.journal.save(this.list());
  }
}
