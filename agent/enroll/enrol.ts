import { enrolmentBytes } from "../../shared/canonical/envoy_frames.ts";
import { loadSigner } from "../../shared/crypto/ed25519.ts";
import { sha256 } from "../../shared/crypto/sha256.ts";
import { writeFileDurable } from "../../shared/platform/durable_write.ts";
import { enroll, type EnrollAnswer } from "../../shared/rest/enroll.ts";
import { renderAgentConfig, replaceAddresses } from "../store/agent_config.ts";
import type { AgentPaths } from "../store/agent_paths.ts";
import { readEnrolment, writeIdentity } from "../store/identity.ts";
import { isAbsent } from "../store/is_absent.ts";
import { type PendingEnrolment, preparePending, removePending } from "./pending_enrolment.ts";
import { callRest, type ServerTrust } from "./rest_client.ts";

/** What an enrolment needs. */
export interface EnrolmentOptions {
  /** Base of the server's REST listener, `https://host:port`. */
  readonly server: string;
  readonly hostname: string;
  readonly token: string;
  readonly trust: ServerTrust;
}

/** This root belongs to an envoy already. */
export class AlreadyEnrolledError extends Error {
  override readonly name = "AlreadyEnrolledError";
}

/** Asks the server; exchanged in tests. */
export type EnrolCall = (pending: PendingEnrolment, options: EnrolmentOptions) => Promise<
  EnrollAnswer
>;

/**
 * Enrols this root. Killed at any step, the root is either enrolled or the same command may be run again: keys are
 * durable before they are used, the identity before `envoy.json` commits it, and the keys are forgotten last.
 *
 * @throws {AlreadyEnrolledError} naming who is enrolled here.
 * @throws {RestError} if the server cannot be reached or refuses.
 */
export async function enrol(
  paths: AgentPaths,
  options: EnrolmentOptions,
  call: EnrolCall = callEnroll,
): Promise<{ envoyUuid: string; hostname: string; checksInAt: string }> {
  const enrolled = await readEnrolment(paths.configFolder);
  if (enrolled) {
    throw new AlreadyEnrolledError(
      `This machine is already enrolled as ${enrolled.hostname} (${enrolled.envoyUuid}). To enrol it anew, revoke that envoy on the server and remove ${paths.configFolder}`,
    );
  }
  await Deno.mkdir(paths.configFolder, { recursive: true, mode: 0o755 });
  const pending = await preparePending(paths.configFolder, {
    server: options.server,
    hostname: options.hostname,
    tokenHash: sha256(options.token).toHex(),
  });
  const answer = await call(pending, options);
  const checksInAt = `${new URL(options.server).hostname}:${answer.grpcPort}`;
  const settings = { server: checksInAt, rest: options.server };
  const before = await readIfPresent(paths.config);
  const text = before === undefined
    ? renderAgentConfig(settings)
    : replaceAddresses(before, paths.config, settings);
  await writeFileDurable(paths.config, text, { mode: 0o644 });
  await writeIdentity(paths.configFolder, {
    envoyUuid: answer.envoyUuid,
    hostname: answer.hostname,
    signingKeyPem: pending.signingKeyPem,
    tls: { certificate: answer.certificate, privateKey: pending.tlsKeyPem },
    ca: answer.ca,
    serverKey: Uint8Array.fromBase64(answer.serverKey),
  });
  await removePending(paths.configFolder);
  return {
    envoyUuid: answer.envoyUuid,
    hostname: answer.hostname,
    checksInAt,
  };
}

function callEnroll(
  pending: PendingEnrolment,
  { server, hostname, token, trust }: EnrolmentOptions,
): Promise<EnrollAnswer> {
  const signer = loadSigner(pending.signingKeyPem);
  const csr = Uint8Array.fromBase64(pending.csr);
  const signature = signer.sign(enrolmentBytes(token, csr));
  return callRest(server, trust, enroll, {
    query: {},
    body: {
      token,
      hostname,
      csr: pending.csr,
      signingKey: signer.publicKey.toBase64(),
      signature: signature.toBase64(),
    },
  });
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
