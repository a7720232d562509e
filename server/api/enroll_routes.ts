import type { Fleet } from "../checkin/fleet.ts";
import type { EnrollService } from "../enroll/enroll_service.ts";
import type { EnrollTokenService } from "../enroll/enroll_tokens.ts";
import type { RenewalService } from "../enroll/renewal.ts";
import { newestFirst, paginate } from "./paginate.ts";
import { pathParameter, type RouteTable } from "./route.ts";
import { unwrap } from "./service_answer_error.ts";

export interface EnrollDependencies {
  readonly enrolments: EnrollService;
  readonly tokens: EnrollTokenService;
  readonly renewals: RenewalService;
  readonly serverTime: Fleet["serverTime"];
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
  const { enrolments, tokens, renewals, serverTime } = dependencies;
  return {
    enroll: async ({ body }) => unwrap(await enrolments.enroll(body)),
    renew: async ({ body }) => unwrap(await renewals.renewExpired(body)),
    renewNonce: () => Promise.resolve(renewals.issueNonce()),
    serverTime: ({ query }) => Promise.resolve(serverTime(query.nonce)),
    enrollTokenCreate: async ({ body, principal }) =>
      unwrap(await tokens.create(body, principal.name)),
    enrollTokenList: async ({ query }) => {
      const all = (await tokens.list()).tokens;
      const { page, nextCursor } = paginate(
        all,
        ({ createdAtMs, id }) => newestFirst(createdAtMs, id),
        query,
      );
      return { tokens: page, nextCursor };
    },
    enrollTokenRevoke: async ({ params, principal }) =>
      unwrap(await tokens.revoke(pathParameter(params, "id"), principal.name)),
  };
}
