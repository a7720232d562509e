import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import type { EngineStart } from "../swarm/channel.ts";
import type { EnvoySession } from "../cycle/envoy_session.ts";

/** What the swarm engine of an envoy is started with: never the ed25519 key. */
export function engineStart(
  { identity, config, paths }: Pick<EnvoySession, "identity" | "config" | "paths">,
  tls: TlsIdentity,
  minFreePercent: number,
): EngineStart {
  const { listen_address, announce_address, port } = config.swarm;
  return {
    kind: "start",
    folder: paths.swarmFolder,
    envoyUuid: identity.envoyUuid,
    hostname: identity.hostname,
    author: identity.signer.publicKey.toHex(),
    serverKey: identity.serverVerifier.publicKey.toHex(),
    identity: tls,
    ca: identity.ca,
    minFreePercent,
    ...(listen_address === undefined ? {} : { listenAddress: listen_address }),
    ...(announce_address === undefined ? {} : { announceAddress: announce_address }),
    ...(port === undefined ? {} : { portOverride: port }),
  };
}
