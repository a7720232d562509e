import type {
  CertificateRecord,
  CertificateRepository,
  EnrollTokenRepository,
  EnvoyRecord,
  EnvoyRepository,
} from "../store.ts";
import { compareText } from "./compare_text.ts";
import type { Access, State } from "./memory_state.ts";

/** Envoys and what was last seen of each. */
export function memoryEnvoys(access: Access): EnvoyRepository {
  const findActive = (state: State, hostname: string) =>
    [...state.envoys.values()].find((envoy) =>
      envoy.state === "active" && envoy.hostname.toLowerCase() === hostname.toLowerCase()
    );
  const update = (uuid: string, change: (envoy: EnvoyRecord) => Partial<EnvoyRecord>) =>
    access((state) => {
      const envoy = state.envoys.get(uuid);
      if (envoy) state.envoys.set(uuid, { ...envoy, ...change(envoy) });
    });
  return {
    add: (envoy) =>
      access((state) => {
        if (state.envoys.has(envoy.uuid)) return { ok: false, reason: "uuid" };
        if (envoy.state === "active" && findActive(state, envoy.hostname)) {
          return { ok: false, reason: "hostname" };
        }
        state.envoys.set(envoy.uuid, structuredClone(envoy));
        return { ok: true };
      }),
    find: (uuid) => access((state) => structuredClone(state.envoys.get(uuid))),
    findActiveByHostname: (hostname) =>
      access((state) => structuredClone(findActive(state, hostname))),
    list: () =>
      access((state) =>
        structuredClone([...state.envoys.values()])
          .sort((a, b) => compareText(a.hostname, b.hostname) || compareText(a.uuid, b.uuid))
      ),
    revoke: (uuid, atMs) =>
      access((state) => {
        const envoy = state.envoys.get(uuid);
        if (envoy?.state !== "active") return false;
        state.envoys.set(uuid, { ...envoy, state: "revoked", revokedAtMs: atMs });
        return true;
      }),
    setTags: (uuid, tags) =>
      update(uuid, ({ tagRevision }) => ({ tags: { ...tags }, tagRevision: tagRevision + 1 })),
    setSuspectedClone: (uuid, suspected) => update(uuid, () => ({ suspectedClone: suspected })),
    rename: (uuid, hostname) =>
      access((state) => {
        const envoy = state.envoys.get(uuid);
        if (envoy?.state !== "active" || findActive(state, hostname)) return false;
        const previousHostname = envoy.previousHostname ?? envoy.hostname;
        state.envoys.set(uuid, { ...envoy, hostname, previousHostname });
        return true;
      }),
    settleRename: (uuid) => update(uuid, () => ({ previousHostname: null })),
    remove: (uuid, atMs) =>
      access((state) => {
        const envoy = state.envoys.get(uuid);
        if (envoy?.state !== "revoked" || envoy.removedAtMs !== null) return false;
        state.envoys.set(uuid, { ...envoy, removedAtMs: atMs, tags: {} });
        state.observations.delete(uuid);
        return true;
      }),
    saveObservations: (observations) =>
      access((state) => {
        const stranger = observations.find(({ uuid }) => !state.envoys.has(uuid));
        if (stranger) throw new Error(`No envoy has the UUID "${stranger.uuid}"`);
        for (const seen of observations) state.observations.set(seen.uuid, { ...seen });
      }),
    listObservations: () =>
      access((state) =>
        structuredClone([...state.observations.values()])
          .sort((a, b) => compareText(a.uuid, b.uuid))
      ),
  };
}

/** Certificates, those in force and those revoked. */
export function memoryCertificates(access: Access): CertificateRepository {
  const byExpiry = (a: CertificateRecord, b: CertificateRecord) =>
    a.notAfterMs - b.notAfterMs || compareText(a.fingerprint, b.fingerprint);
  return {
    add: (certificate) =>
      access((state) => {
        if (!state.envoys.has(certificate.envoyUuid)) {
          throw new Error(`No envoy has the UUID "${certificate.envoyUuid}"`);
        }
        if (state.certificates.has(certificate.fingerprint)) {
          throw new Error(`Certificate ${certificate.fingerprint} is known already`);
        }
        state.certificates.set(certificate.fingerprint, { ...certificate });
      }),
    listByEnvoy: (envoyUuid) =>
      access((state) =>
        [...state.certificates.values()].filter((one) => one.envoyUuid === envoyUuid).sort(byExpiry)
      ),
    listRevoked: (afterMs) =>
      access((state) =>
        [...state.certificates.values()]
          .filter((one) => one.revokedAtMs !== null && one.notAfterMs > afterMs).sort(byExpiry)
      ),
    revokeByEnvoy: (envoyUuid, atMs) =>
      access((state) => {
        for (const one of state.certificates.values()) {
          if (one.envoyUuid !== envoyUuid || one.revokedAtMs !== null) continue;
          state.certificates.set(one.fingerprint, { ...one, revokedAtMs: atMs });
        }
      }),
    revokeOthers: (envoyUuid, fingerprint, atMs) =>
      access((state) => {
        const others = [...state.certificates.values()].filter((one) =>
          one.envoyUuid === envoyUuid && one.fingerprint !== fingerprint &&
          one.revokedAtMs === null
        );
        for (const one of others) {
          state.certificates.set(one.fingerprint, { ...one, revokedAtMs: atMs });
        }
        return others.length;
      }),
  };
}

/** Tokens with which machines enrol, and what was answered to each. */
export function memoryEnrollTokens(access: Access): EnrollTokenRepository {
  return {
    add: (token) =>
      access((state) => {
        if (state.tokens.has(token.hash)) throw new Error("This enrolment token is known already");
        state.tokens.set(token.hash, { ...token });
      }),
    find: (hash) => access((state) => state.tokens.get(hash)),
    list: () =>
      access((state) =>
        [...state.tokens.values()]
          .sort((a, b) => b.createdAtMs - a.createdAtMs || compareText(a.hash, b.hash))
      ),
    use: (hash) =>
      access((state) => {
        const token = state.tokens.get(hash);
        if (!token || token.usesLeft < 1 || token.revokedAtMs !== null) return false;
        state.tokens.set(hash, { ...token, usesLeft: token.usesLeft - 1 });
        return true;
      }),
    revoke: (hash, atMs) =>
      access((state) => {
        const token = state.tokens.get(hash);
        if (!token || token.revokedAtMs !== null) return false;
        state.tokens.set(hash, { ...token, revokedAtMs: atMs });
        return true;
      }),
    saveAnswer: (answer) =>
      access((state) => {
        state.answers.set(`${answer.tokenHash} ${answer.requestHash}`, { ...answer });
      }),
    findAnswer: (tokenHash, requestHash) =>
      access((state) => state.answers.get(`${tokenHash} ${requestHash}`)),
    pruneAnswers: (beforeMs) =>
      access((state) => {
        for (const [key, answer] of state.answers) {
          if (answer.expiresAtMs < beforeMs) state.answers.delete(key);
        }
      }),
  };
}
