import { freezeSchema } from "../../shared/rest/config.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import type { Freeze, FreezeBook } from "../publish/config_freeze.ts";
import type { Store } from "../store/store.ts";
import { readPublisher } from "../publish/publisher_name.ts";

/** The fact that holds the freeze. One that is over stays until the next, and counts for nothing. */
const FACT = "config_freeze";

/** Keeps the freeze in the store, together with the audit record of each change. */
export class StoreFreezeBook implements FreezeBook {
  constructor(
    private readonly store: Store,
    private readonly audit: Pick<AuditLog, "recordInside">,
  ) {}

  async read(): Promise<Freeze | undefined> {
    const text = await this.store.facts.get(FACT);
    return text === undefined ? undefined : freezeSchema.parse(JSON.parse(text));
  }

  async write(freeze: Freeze): Promise<void> {
    const { principal, operator } = readPublisher(freeze.frozenBy);
    const { untilMs, reason } = freeze;
    await this.store.transaction(async (inside) => {
      await inside.facts.set(FACT, JSON.stringify(freeze));
      const payload = { untilMs, reason, operator };
      await this.audit.recordInside(inside, { name: principal }, "config.freeze", payload);
    });
  }

  async remove(
    { untilMs, reason }: Freeze,
    { principal, operator }: { readonly principal: string; readonly operator: string },
  ): Promise<void> {
    await this.store.transaction(async (inside) => {
      await inside.facts.remove(FACT);
      const payload = { untilMs, reason, operator };
      await this.audit.recordInside(inside, { name: principal }, "config.unfreeze", payload);
    });
  }
}
