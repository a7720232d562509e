import type { Logger } from "../../shared/platform/logging.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import { CallBudget } from "./call_budget.ts";

/** Denials that are recorded: of one envoy, and of the whole fleet. The rest are counted, and the next record says so. */
const PER_ENVOY = { burst: 3, refillMs: 600_000 };
const PER_FLEET = { burst: 60, refillMs: 60_000 };
/** Paths that one record names; each has up to 255 characters. */
const MAX_NAMED_PATHS = 10;

/** One request for secrets that was turned down. */
export interface Denial {
  readonly uuid: string;
  readonly hostname: string;
  readonly reason: "not in its policy" | "suspected clone";
  readonly paths: readonly string[];
}

/**
 * Records who asked for secrets that are not theirs. The audit chain can only grow, so a single machine that asks again and
 * again must not be able to fill it.
 */
export class DenialLog {
  readonly #audit: Pick<AuditLog, "record">;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #fleet: CallBudget;
  readonly #envoys = new Map<string, CallBudget>();
  #suppressed = 0;

  constructor(audit: Pick<AuditLog, "record">, logger: Logger, now: () => number) {
    this.#audit = audit;
    this.#logger = logger;
    this.#now = now;
    this.#fleet = new CallBudget(PER_FLEET, now());
  }

  async note({ uuid, hostname, reason, paths }: Denial): Promise<void> {
    const nowMs = this.#now();
    let envoy = this.#envoys.get(uuid);
    if (!envoy) this.#envoys.set(uuid, envoy = new CallBudget(PER_ENVOY, nowMs));
    if (!envoy.take(nowMs) || !this.#fleet.take(nowMs)) {
      this.#suppressed += 1;
      return;
    }
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    this.#logger.warn("{hostname} asked for secrets that it may not have: {reason}", {
      hostname,
      reason,
      count: paths.length,
    });
    await this.#audit.record({ name: `envoy:${uuid}` }, "secret.denied", {
      hostname,
      reason,
      paths: paths.slice(0, MAX_NAMED_PATHS),
      count: paths.length,
      ...(suppressed === 0 ? {} : { unrecorded: suppressed }),
    });
  }
}
