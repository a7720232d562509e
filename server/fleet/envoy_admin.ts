import type { Logger } from "../../shared/platform/logging.ts";
import { Refusal_Reason } from "../../shared/proto/agent.ts";
import { parseTargetSpec } from "../../shared/targeting/target_spec.ts";
import { TargetSpecError } from "../../shared/targeting/target_spec_error.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import { answered, type Refused, refused, type ServiceAnswer } from "../service/service_answer.ts";
import { runInSlices } from "../steps/run_in_slices.ts";
import type { Store } from "../store/store.ts";
import type { AgentStreams } from "./agent_streams.ts";
import type { EnvoyState } from "./envoy_state.ts";
import type { FleetIndex } from "./fleet_index.ts";
import type { PushTracker } from "./push_tracker.ts";
import { suggestHost } from "./suggest_host.ts";

export interface EnvoyAdminOptions {
  readonly store: Store;
  readonly index: FleetIndex;
  readonly streams: AgentStreams;
  readonly audit: Pick<AuditLog, "record" | "recordInside">;
  readonly now: () => number;
  readonly logger: Logger;
  readonly pushes: PushTracker;
  /** Called once a revocation is durable and its streams are closed. */
  readonly onRevoked: (state: EnvoyState) => Promise<void>;
}

/** One envoy, as answers name it. */
export interface EnvoyName {
  readonly uuid: string;
  readonly hostname: string;
}

/** What people and the server itself do to envoys. */
export class EnvoyAdmin {
  readonly #options: EnvoyAdminOptions;

  constructor(options: EnvoyAdminOptions) {
    this.#options = options;
  }

  /** Takes an envoy's identity away for good. */
  async revoke(host: string, reason: string, principal: string): Promise<ServiceAnswer<EnvoyName>> {
    const { index } = this.#options;
    const state = index.find(host);
    if (!state) return unknownEnvoy(host, index);
    const { uuid, hostname } = state.record;
    if (state.record.state === "revoked") {
      return refused(409, `Envoy ${uuid} ("${hostname}") is revoked already`);
    }
    await this.revokeState(state, reason, principal);
    return answered({ uuid, hostname });
  }

  /** The same for a known envoy; does nothing to a revoked one. */
  async revokeState(state: EnvoyState, reason: string, principal: string): Promise<void> {
    const { store, audit, now, logger } = this.#options;
    const { uuid, hostname } = state.record;
    const atMs = now();
    const isRevoked = await store.transaction(async (inside) => {
      if (!await inside.envoys.revoke(uuid, atMs)) return false;
      await inside.certificates.revokeByEnvoy(uuid, atMs);
      await audit.recordInside(inside, { name: principal }, "envoy.revoke", {
        uuid,
        hostname,
        reason,
      });
      return true;
    });
    if (!isRevoked) return;
    logger.info("Revoked envoy {uuid} ({hostname})", { uuid, hostname });
    await this.forgetIdentity(state, atMs);
  }

  /** Ends what a revoked identity still has open; its revocation is durable already. */
  async forgetIdentity(state: EnvoyState, atMs: number): Promise<void> {
    const { index, streams, onRevoked } = this.#options;
    index.put({ ...state.record, state: "revoked", revokedAtMs: atMs });
    streams.close(state.record.uuid, {
      reason: Refusal_Reason.REVOKED,
      message: "this envoy is revoked",
    });
    await onRevoked(state);
  }

  /** Clears the suspicion that two machines use one identity; the next token presented is where its chain goes on. */
  async accept(host: string, principal: string): Promise<ServiceAnswer<EnvoyName>> {
    const { index, store, audit } = this.#options;
    const state = index.find(host);
    if (!state) return unknownEnvoy(host, index);
    const { uuid, hostname, suspectedClone } = state.record;
    if (!suspectedClone) return refused(409, `Envoy "${hostname}" is not marked as cloned`);
    await store.transaction(async (inside) => {
      await inside.envoys.setSuspectedClone(uuid, false);
      await audit.recordInside(inside, { name: principal }, "envoy.accept", { uuid, hostname });
    });
    index.put({ ...state.record, suspectedClone: false });
    state.cloneWindow = { presented: 0, issued: undefined };
    return answered({ uuid, hostname });
  }

  /** Marks an envoy as used by two machines; it gets no secrets and no tasks until somebody accepts it. */
  async suspect(state: EnvoyState): Promise<void> {
    const { index, store, audit, logger } = this.#options;
    const { uuid, hostname } = state.record;
    await store.transaction(async (inside) => {
      await inside.envoys.setSuspectedClone(uuid, true);
      await audit.recordInside(inside, { name: "server" }, "envoy.suspect_clone", {
        uuid,
        hostname,
      });
    });
    index.put({ ...state.record, suspectedClone: true });
    logger.error(
      "Two machines seem to use the identity of {hostname}: a check-in token is not the latest",
      {
        uuid,
        hostname,
      },
    );
  }

  /** Makes the envoys that a target spec hits check in at once. */
  async push(
    { target, force }: { readonly target: string; readonly force: boolean },
    principal: string,
  ): Promise<ServiceAnswer<{ id: string; pushed: string[]; offline: string[] }>> {
    const { index, streams, audit, pushes } = this.#options;
    let targets: EnvoyState[];
    try {
      targets = await runInSlices(index.target(parseTargetSpec(target)));
    } catch (error) {
      if (error instanceof TargetSpecError) return refused(400, error.message);
      throw error;
    }
    await audit.record({ name: principal }, "envoy.push", {
      target,
      force,
      envoys: targets.length,
    });
    const pushed: string[] = [], offline: string[] = [];
    // Before it is sent: the answer may be here before this loop ends.
    const id = pushes.start(targets.map(({ record }) => record));
    for (const { record } of targets) {
      const isSent = streams.send(record.uuid, { push: { reason: "asked by an operator", force } });
      if (!isSent) pushes.noteOffline(id, record.uuid);
      (isSent ? pushed : offline).push(record.hostname);
    }
    return answered({ id, pushed, offline });
  }
}

/** Nobody is called so. */
export function unknownEnvoy(host: string, index: FleetIndex): Refused {
  const hint = suggestHost(host, index) || ". List them with: vigocli envoys list --all";
  return refused(404, `No envoy is called ${JSON.stringify(host)}${hint}`);
}
