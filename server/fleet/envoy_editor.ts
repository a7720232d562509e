import type { Logger } from "../../shared/platform/logging.ts";
import { MAX_TAGS } from "../../shared/rest/envoys.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import { normalizeHostname } from "./hostname.ts";
import { SerialQueue } from "../service/serial_queue.ts";
import { answered, type Refused, refused, type ServiceAnswer } from "../service/service_answer.ts";
import type { Store } from "../store/store.ts";
import type { AgentStreams } from "./agent_streams.ts";
import { type EnvoyName, unknownEnvoy } from "./envoy_admin.ts";
import type { EnvoyState } from "./envoy_state.ts";
import type { FleetIndex } from "./fleet_index.ts";

export interface EnvoyEditorOptions {
  readonly store: Store;
  readonly index: FleetIndex;
  readonly streams: Pick<AgentStreams, "send">;
  readonly audit: Pick<AuditLog, "recordInside">;
  readonly now: () => number;
  readonly logger: Logger;
  /** `server.hostname`, which is bound to the server's own machine. */
  readonly serverHostname: string;
  /** Makes the documents say what holds, and sends them. */
  readonly onChanged: (state: EnvoyState) => Promise<void>;
  /** Revokes an active envoy. */
  readonly revoke: (state: EnvoyState, reason: string, principal: string) => Promise<void>;
}

/** What people write into the record of an envoy. One change at a time, so that each starts from what the last one left. */
export class EnvoyEditor {
  readonly #options: EnvoyEditorOptions;
  readonly #queue = new SerialQueue();

  constructor(options: EnvoyEditorOptions) {
    this.#options = options;
  }

  /** Sets and takes away tags. They count in target specs at once, and reach the envoy down its stream. */
  tag(
    host: string,
    { set, remove }: {
      readonly set: Readonly<Record<string, string>>;
      readonly remove: readonly string[];
    },
    principal: string,
  ): Promise<ServiceAnswer<EnvoyName & { tags: Record<string, string>; changed: boolean }>> {
    return this.#queue.run(async () => {
      const { index, store, audit, onChanged } = this.#options;
      const state = index.find(host);
      if (!state) return unknownEnvoy(host, index);
      const { uuid, hostname, tags: before } = state.record;
      if (state.record.state === "revoked") return revokedAlready(state);
      const kept = Object.entries(before).filter(([name]) => !remove.includes(name));
      const tags = Object.fromEntries([...kept, ...Object.entries(set)]);
      if (Object.keys(tags).length > MAX_TAGS) {
        return refused(400, `Cannot tag "${hostname}": an envoy has at most ${MAX_TAGS} tags`);
      }
      if (isSame(before, tags)) return answered({ uuid, hostname, tags, changed: false });
      await store.transaction(async (inside) => {
        await inside.envoys.setTags(uuid, tags);
        await audit.recordInside(inside, { name: principal }, "envoy.tag", {
          uuid,
          hostname,
          // A list, since a tag may have a name under which secrets travel elsewhere, and is none.
          set: Object.entries(set).map(([name, value]) => `${name}=${value}`),
          remove: [...remove],
        });
      });
      index.put({ ...state.record, tags, tagRevision: state.record.tagRevision + 1 });
      await onChanged(state);
      return answered({ uuid, hostname, tags, changed: true });
    });
  }

  /**
   * Binds an envoy to another hostname. Matching, targets and secrets go by the new name from here on; the certificate
   * follows: the next check-in asks for a renewal, and the one that shows the new certificate ends the old one.
   */
  rename(
    host: string,
    wanted: string,
    principal: string,
  ): Promise<ServiceAnswer<EnvoyName & { previousHostname: string; notified: boolean }>> {
    return this.#queue.run(async () => {
      const { index, store, streams, audit, logger, onChanged } = this.#options;
      const state = index.find(host);
      if (!state) return unknownEnvoy(host, index);
      const { uuid, hostname: previousHostname } = state.record;
      const hostname = normalizeHostname(wanted);
      const unfit = this.#judgeName(state, wanted, hostname);
      if (unfit || hostname === undefined) return unfit ?? badName(wanted);
      const isRenamed = await store.transaction(async (inside) => {
        if (!await inside.envoys.rename(uuid, hostname)) return false;
        await audit.recordInside(inside, { name: principal }, "envoy.rename", {
          uuid,
          hostname,
          previousHostname,
        });
        return true;
      });
      if (!isRenamed) {
        return refused(409, `Cannot rename "${previousHostname}": "${hostname}" is in use`);
      }
      index.put({
        ...state.record,
        hostname,
        previousHostname: state.record.previousHostname ?? previousHostname,
      });
      // It was made for another name.
      state.policy = undefined;
      logger.info("Renamed envoy {uuid} from {previousHostname} to {hostname}", {
        uuid,
        previousHostname,
        hostname,
      });
      await onChanged(state);
      const notified = streams.send(uuid, { push: { reason: "renamed", force: false } });
      return answered({ uuid, hostname, previousHostname, notified });
    });
  }

  /**
   * Ends a rename, since the envoy has shown a certificate of its new name: whoever holds one of the old name is nobody from
   * here on.
   *
   * @param fingerprint of the certificate that was shown, hex.
   */
  settleRename(state: EnvoyState, fingerprint: string): Promise<void> {
    return this.#queue.run(async () => {
      const { index, store, audit, now, logger, onChanged } = this.#options;
      const { uuid, hostname, previousHostname } = state.record;
      if (previousHostname === null) return;
      await store.transaction(async (inside) => {
        const revoked = await inside.certificates.revokeOthers(uuid, fingerprint, now());
        await inside.envoys.settleRename(uuid);
        await audit.recordInside(inside, { name: "server" }, "envoy.rename_settled", {
          uuid,
          hostname,
          previousHostname,
          certificatesRevoked: revoked,
        });
      });
      index.put({ ...state.record, previousHostname: null });
      logger.info("Envoy {uuid} uses its certificate as {hostname}", { uuid, hostname });
      await onChanged(state);
    });
  }

  /**
   * Takes an envoy out of every list, with what was observed of it: a revoked one, or one that was never seen, which is revoked
   * first, since somebody may hold its certificate. That its identity is revoked is never forgotten.
   */
  remove(host: string, principal: string): Promise<ServiceAnswer<EnvoyName>> {
    return this.#queue.run(async () => {
      const { index, store, audit, now, revoke } = this.#options;
      const revoked = index.find(host) ? [] : index.findRevoked(host);
      if (revoked.length > 1) {
        const uuids = revoked.map(({ record }) => record.uuid).join(", ");
        return refused(
          409,
          `Cannot remove "${host}": ${revoked.length} revoked envoys had that name. Give the UUID of one: ${uuids}`,
        );
      }
      const state = index.find(host) ?? revoked[0];
      if (!state) return unknownEnvoy(host, index);
      const { uuid, hostname } = state.record;
      if (state.record.state === "active") {
        if (state.reported !== undefined) {
          return refused(
            409,
            `Cannot remove "${hostname}": it is active. Revoke it first with: vigocli envoys revoke ${hostname}`,
          );
        }
        await revoke(state, "removed before it was ever seen", principal);
      }
      const atMs = now();
      await store.transaction(async (inside) => {
        if (!await inside.envoys.remove(uuid, atMs)) return;
        await inside.facts.remove(`envoy_document:${uuid}`);
        await audit.recordInside(inside, { name: principal }, "envoy.remove", { uuid, hostname });
      });
      index.put({ ...state.record, removedAtMs: atMs, tags: {} });
      state.reported = undefined;
      return answered({ uuid, hostname });
    });
  }

  #judgeName(
    state: EnvoyState,
    wanted: string,
    hostname: string | undefined,
  ): Refused | undefined {
    const { index, serverHostname } = this.#options;
    const { hostname: previous } = state.record;
    if (state.record.state === "revoked") return revokedAlready(state);
    if (hostname === undefined) return badName(wanted);
    if (hostname === previous) return refused(409, `Envoy "${previous}" has that name already`);
    for (const name of [previous, hostname]) {
      if (name !== serverHostname.toLowerCase()) continue;
      return refused(
        409,
        `Cannot rename "${previous}" to "${hostname}": "${name}" is server.hostname, which belongs to the server's own machine`,
      );
    }
    const holder = index.getActive(hostname);
    return holder &&
      refused(
        409,
        `Cannot rename "${previous}": "${hostname}" is in use by envoy ${holder.record.uuid}. Rename or revoke that one first`,
      );
  }
}

function badName(wanted: string): Refused {
  return refused(
    400,
    `Cannot rename to ${JSON.stringify(wanted)}: use a hostname of letters, digits, "-" and "."`,
  );
}

function revokedAlready({ record: { uuid, hostname } }: EnvoyState): Refused {
  return refused(409, `Envoy ${uuid} ("${hostname}") is revoked`);
}

function isSame(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && one[name] === other[name]);
}
