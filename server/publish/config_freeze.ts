import { z } from "zod";
import { freezeSchema } from "../../shared/rest/config.ts";
import { type Refusal, refuse } from "./refusal.ts";

/** Nothing is published and nothing rolled back until this ends. */
export type Freeze = z.infer<typeof freezeSchema>;

/** Longest freeze, in ms: one that should last longer is a matter of permissions. */
export const MAX_FREEZE_MS = 366 * 86_400_000;

/** Where the freeze is kept. Each change stands there together with its audit record. */
export interface FreezeBook {
  read(): Promise<Freeze | undefined>;
  write(freeze: Freeze): Promise<void>;
  /** @param freeze the one that ends early. */
  remove(
    freeze: Freeze,
    by: { readonly principal: string; readonly operator: string },
  ): Promise<void>;
}

/** Stops publishing for a while. Agents go on with what is live. It ends by itself, whether or not the server runs then. */
export class ConfigFreeze {
  constructor(private readonly book: FreezeBook, private readonly nowMs: () => number) {}

  /** The freeze in force, if there is one. */
  async current(): Promise<Freeze | undefined> {
    const freeze = await this.book.read();
    return freeze && freeze.untilMs > this.nowMs() ? freeze : undefined;
  }

  /** Why `what` cannot be done now, if it cannot. */
  async refusal(what: string): Promise<Refusal | undefined> {
    const freeze = await this.current();
    if (!freeze) return undefined;
    const until = new Date(freeze.untilMs).toISOString();
    const reason =
      `Cannot ${what}: ${freeze.frozenBy} has frozen the configuration until ${until} (${freeze.reason}). ` +
      "Wait, or end it with: vigocli config unfreeze";
    return { ...refuse(reason), isFrozen: true };
  }

  /** Begins a freeze, or puts another one in place of that in force. */
  async freeze(
    { untilMs, reason, frozenBy }: Pick<Freeze, "untilMs" | "reason" | "frozenBy">,
  ): Promise<{ readonly ok: true; readonly freeze: Freeze } | Refusal> {
    const nowMs = this.nowMs();
    if (untilMs <= nowMs) {
      return refuse(`Cannot freeze until ${describe(untilMs)}: that is past. Name a time to come`);
    }
    if (untilMs - nowMs > MAX_FREEZE_MS) {
      return refuse(`Cannot freeze until ${describe(untilMs)}: a freeze lasts a year at most`);
    }
    const freeze = { untilMs, reason, frozenBy, sinceMs: nowMs };
    await this.book.write(freeze);
    return { ok: true, freeze };
  }

  /** Ends the freeze in force and answers it; undefined if there is none. */
  async unfreeze(
    by: { readonly principal: string; readonly operator: string },
  ): Promise<Freeze | undefined> {
    const freeze = await this.current();
    if (freeze) await this.book.remove(freeze, by);
    return freeze;
  }
}

function describe(ms: number): string {
  return new Date(ms).toISOString();
}
