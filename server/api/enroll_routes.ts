import type { Signer } from "../../shared/crypto/ed25519.ts";
import { signServerTime } from "../checkin/request_verifier.ts";
import type { EnrollService } from "../enroll/enroll_service.ts";
import type { EnrollTokenService } from "../enroll/enroll_tokens.ts";
import type { RenewalService } from "../enroll/renewal.ts";
import { pathParameter, type RouteTable } from "./route.ts";
import { unwrap } from "./service_answer_error.ts";

export interface EnrollDependencies {
  readonly enrolment: EnrollService;
  readonly tokens: EnrollTokenService;
  readonly renewals: RenewalService;
  readonly signer: Signer;
  readonly now: () => number;
}

type EnrollEndpoints =
  | "enroll"
  | "renew"
  | "renewNonce"
  | "serverTime"
  | "enrollTokenCreate"
  | "enrollTokenList"
  | "enrollTokenRevoke";

/** How machines come into the fleet, and back after a long absence. */
export function enrollRoutes(dependencies: EnrollDependencies): RouteTable<EnrollEndpoints> {
  const { enrolment, tokens, renewals, signer, now } = dependencies;
  return {
    enroll: async ({ body }) => unwrap(await enrolment.enroll(body)),
    renew: async ({ body }) => unwrap(await renewals.renewExpired(body)),
    renewNonce: () => Promise.resolve(renewals.issueNonce()),
    serverTime: ({ query }) => {
      const { payload, signature } = signServerTime(
        Uint8Array.fromHex(query.nonce),
        now(),
        signer,
      );
      return Promise.resolve({
        payload: new Uint8Array(payload).toBase64(),
        signature: new Uint8Array(signature).toBase64(),
      });
    },
    enrollTokenCreate: async ({ body, principal }) =>
      unwrap(await tokens.create(body, principal.name)),
    enrollTokenList: () => tokens.list(),
    enrollTokenRevoke: async ({ params, principal }) =>
      unwrap(await tokens.revoke(pathParameter(params, "id"), principal.name)),
  };
}
