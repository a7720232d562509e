import type {
  AuditRepository,
  ConfigVersionRepository,
  FactRepository,
  ManifestRepository,
} from "../store.ts";
import { SequenceTakenError } from "../store_error.ts";
import { compareText } from "./compare_text.ts";
import type { Access } from "./memory_state.ts";

/** The audit chain and its signed heads. */
export function memoryAudit(access: Access): AuditRepository {
  return {
    head: () =>
      access((state) => {
        const last = state.audit.at(-1);
        return last && { seq: last.seq, hash: last.hash };
      }),
    append: (record) =>
      access((state) => {
        if (state.audit.some(({ seq }) => seq === record.seq)) {
          throw new SequenceTakenError(record.seq);
        }
        state.audit.push(structuredClone(record));
        state.audit.sort((a, b) => a.seq - b.seq);
      }),
    list: ({ limit, before, principal, action = "", sinceMs = -Infinity }) =>
      access((state) =>
        structuredClone(
          state.audit.filter((one) =>
            (before === undefined || one.seq < before) &&
            (principal === undefined || one.principal === principal) &&
            one.action.startsWith(action) && one.atMs >= sinceMs
          ).reverse().slice(0, limit),
        )
      ),
    readFrom: (from, limit) =>
      access((state) =>
        structuredClone(state.audit.filter(({ seq }) => seq >= from).slice(0, limit))
      ),
    saveSignedHead: ({ seq, document }) =>
      access((state) => {
        state.heads.set(seq, structuredClone(document));
      }),
    lastSignedHead: () =>
      access((state) => {
        const seq = Math.max(...state.heads.keys());
        const document = state.heads.get(seq);
        return document && { seq, document: structuredClone(document) };
      }),
    signedHeads: (fromSeq, toSeq) =>
      access((state) =>
        structuredClone(
          [...state.heads].filter(([seq]) => seq >= fromSeq && seq <= toSeq)
            .sort(([a], [b]) => a - b).map(([seq, document]) => ({ seq, document })),
        )
      ),
  };
}

/** Small texts by name. */
export function memoryFacts(access: Access): FactRepository {
  return {
    get: (name) => access((state) => state.facts.get(name)),
    set: (name, value) =>
      access((state) => {
        state.facts.set(name, value);
      }),
    remove: (name) =>
      access((state) => {
        state.facts.delete(name);
      }),
  };
}

/** Published versions of the stacks. */
export function memoryConfigVersions(access: Access): ConfigVersionRepository {
  return {
    append: (version) =>
      access((state) => {
        if (version.live) {
          state.versions.forEach((one, at) => state.versions[at] = { ...one, live: false });
        }
        state.versions.push({ ...version });
      }),
    list: (limit) =>
      access((state) => structuredClone(state.versions.toReversed().slice(0, limit))),
  };
}

/** Entries of the swarm's manifest. */
export function memoryManifest(access: Access): ManifestRepository {
  const key = ({ sha256, author }: { sha256: string; author: string }) => `${sha256} ${author}`;
  return {
    saveAll: (entries) =>
      access((state) => {
        for (const entry of entries) {
          const known = state.manifest.get(key(entry));
          if (!known || entry.stamp >= known.stamp) state.manifest.set(key(entry), { ...entry });
        }
      }),
    list: () =>
      access((state) =>
        structuredClone([...state.manifest.values()]).sort((a, b) => compareText(key(a), key(b)))
      ),
    remove: (cells) =>
      access((state) => {
        for (const cell of cells) state.manifest.delete(key(cell));
      }),
  };
}
