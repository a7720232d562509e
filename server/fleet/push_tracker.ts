import type { PushedHost } from "../../shared/rest/envoys.ts";
import type { EnvoyState } from "./envoy_state.ts";

/** How long a push can be asked about, in ms, and how many are remembered. */
const REMEMBERED_MS = 3_600_000;
const MAX_REMEMBERED = 100;

interface Push {
  readonly id: string;
  readonly atMs: number;
  readonly hosts: Map<string, PushedHost>;
  /** Envoys that have come, to learn whether their policy could be made: that is known after the check-in alone. */
  readonly checkedIn: Map<string, EnvoyState>;
}

/** How far each envoy of the latest pushes is, for whoever waits. Nothing durable hangs on it. */
export class PushTracker {
  readonly #now: () => number;
  readonly #pushes = new Map<string, Push>();
  /** Pushes that an envoy has not answered yet. */
  readonly #open = new Map<string, Set<Push>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Remembers a push before it is sent; answers its id. */
  start(envoys: Iterable<{ readonly uuid: string; readonly hostname: string }>): string {
    this.#forgetOld();
    const id = crypto.randomUUID();
    const push: Push = { id, atMs: this.#now(), hosts: new Map(), checkedIn: new Map() };
    for (const { uuid, hostname } of envoys) {
      push.hosts.set(uuid, { hostname, state: "sent", convergence: null, reason: null });
      const open = this.#open.get(uuid) ?? new Set();
      this.#open.set(uuid, open.add(push));
    }
    this.#pushes.set(id, push);
    return id;
  }

  /** The envoy could not be told. */
  noteOffline(id: string, uuid: string): void {
    const push = this.#pushes.get(id);
    if (push) this.#close(push, uuid, { state: "offline" });
  }

  /** An envoy has checked in; one that has nothing to apply is done with that. */
  noteCheckIn(state: EnvoyState, hasPolicy: boolean): void {
    const { record, reported } = state;
    for (const push of [...this.#open.get(record.uuid) ?? []]) {
      if (reported?.pausedReason) {
        this.#close(push, record.uuid, {
          state: "idle",
          reason: `paused: ${reported.pausedReason}`,
        });
      } else if (!hasPolicy) {
        this.#close(push, record.uuid, { state: "idle", reason: "nothing is published" });
      } else {
        push.checkedIn.set(record.uuid, state);
        this.#change(push, record.uuid, { state: "checked_in" });
      }
    }
  }

  /** An envoy has applied its policy. A run that ended before the check-in was not the push's. */
  noteRun({ record, lastRun, policyProblem }: EnvoyState): void {
    for (const push of [...this.#open.get(record.uuid) ?? []]) {
      if (push.hosts.get(record.uuid)?.state !== "checked_in") continue;
      const { convergence } = lastRun;
      // It has applied the policy it had, which is not what was pushed.
      if (policyProblem !== undefined) {
        this.#close(push, record.uuid, { state: "unresolved", convergence, reason: policyProblem });
      } else this.#close(push, record.uuid, { state: "done", convergence });
    }
  }

  /** Every envoy of a push, by hostname; `undefined` if it is not remembered. */
  show(id: string): PushedHost[] | undefined {
    const push = this.#pushes.get(id);
    if (!push) return;
    for (const [uuid, { policyProblem }] of push.checkedIn) {
      // An envoy without any policy never reports a run.
      if (policyProblem === undefined || push.hosts.get(uuid)?.state !== "checked_in") continue;
      this.#close(push, uuid, { state: "unresolved", reason: policyProblem });
    }
    return [...push.hosts.values()].sort((a, b) => a.hostname < b.hostname ? -1 : 1);
  }

  #change(push: Push, uuid: string, change: Partial<PushedHost>): void {
    const host = push.hosts.get(uuid);
    if (host) push.hosts.set(uuid, { ...host, ...change });
  }

  #close(push: Push, uuid: string, change: Partial<PushedHost>): void {
    this.#change(push, uuid, change);
    push.checkedIn.delete(uuid);
    const open = this.#open.get(uuid);
    open?.delete(push);
    if (open?.size === 0) this.#open.delete(uuid);
  }

  #forgetOld(): void {
    for (const push of this.#pushes.values()) {
      const isOld = this.#now() - push.atMs > REMEMBERED_MS;
      if (!isOld && this.#pushes.size < MAX_REMEMBERED) break;
      this.#pushes.delete(push.id);
      for (const uuid of push.hosts.keys()) this.#close(push, uuid, {});
    }
  }
}
