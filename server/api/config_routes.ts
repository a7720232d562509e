import { type ConfigFreeze } from "../publish/config_freeze.ts";
import type { ConfigPublisher } from "../publish/config_publisher.ts";
import {
  type Comparison,
  type PublishResult,
  UnrecordedPublishError,
} from "../publish/publish_results.ts";
import type { Refusal } from "../publish/refusal.ts";
import { writePublisher } from "../publish/publisher_name.ts";
import { ApiError } from "./api_error.ts";
import { newestFirst, paginate } from "./paginate.ts";
import type { RouteTable } from "./route.ts";

type ConfigEndpoints =
  | "configDiff"
  | "configFreeze"
  | "configHistory"
  | "configPublish"
  | "configRollback"
  | "configUnfreeze"
  | "configValidate";

/** Nothing to compare, for an answer that consists of problems. */
const NOTHING_COMPARED = {
  from: null,
  unchangedHosts: 0,
  matchedHosts: 0,
  refusedHosts: 0,
  changes: [],
  warnings: [],
};

/** Validate, compare, publish, roll back and freeze the stacks on this host. */
export function configRoutes(
  { publisher, freeze }: { readonly publisher: ConfigPublisher; readonly freeze: ConfigFreeze },
): RouteTable<ConfigEndpoints> {
  return {
    configValidate: async () => {
      const { problems, hostProblems, warnings, ...result } = await publisher.validate();
      return {
        ...result,
        problems: [...problems],
        hostProblems: [...hostProblems],
        warnings: [...warnings],
      };
    },
    configDiff: async ({ body }) => {
      if (body.previous && body.version !== undefined) {
        throw new ApiError(400, "Cannot compare both a version and the previous one: name one");
      }
      const result = await publisher.diff(body);
      if (result.ok) return { ...comparisonOf(result), to: result.to, problems: [] };
      if (result.problems.length === 0) throw new ApiError(404, result.reason);
      return { ...NOTHING_COMPARED, to: "", problems: [...result.problems] };
    },
    configPublish: async ({ body, principal }) => {
      const { message, operator, reviewed, allowRefused } = body;
      const result = await unlessUnrecorded(publisher.publish({
        principal: writePublisher(principal.name, operator),
        message,
        reviewed,
        allowRefused,
      }));
      if (result.ok) {
        const { published, version } = result;
        return { ...comparisonOf(result), published, version, problems: [] };
      }
      if (result.problems.length === 0) throw refusalError(result);
      return {
        ...NOTHING_COMPARED,
        published: false,
        version: null,
        problems: [...result.problems],
      };
    },
    configHistory: async ({ query }) => {
      const versions = await publisher.history(Number.MAX_SAFE_INTEGER);
      // Counted from the oldest, so that what is published meanwhile moves no page.
      const numbered = versions.map((version, at) => ({ version, number: versions.length - at }));
      const { page, nextCursor } = paginate(
        numbered,
        ({ number }) => newestFirst(number, ""),
        query,
      );
      return { versions: page.map(({ version }) => version), nextCursor };
    },
    configRollback: async ({ body, principal }) => {
      const { version, message, operator, reviewed, allowRefused } = body;
      const result = await unlessUnrecorded(publisher.rollback({
        principal: writePublisher(principal.name, operator),
        version,
        message,
        reviewed,
        allowRefused,
      }));
      if (!result.ok) throw refusalError(result);
      return { ...comparisonOf(result), version: result.version };
    },
    configFreeze: async ({ body: { untilMs, reason, operator }, principal }) => {
      const frozenBy = writePublisher(principal.name, operator);
      const result = await freeze.freeze({ untilMs, reason, frozenBy });
      if (!result.ok) throw new ApiError(400, result.reason);
      return result.freeze;
    },
    configUnfreeze: async ({ body: { operator }, principal }) => {
      const ended = await freeze.unfreeze({ principal: principal.name, operator });
      return { ended: ended ?? null };
    },
  };
}

/** The contract's lists may be changed by whoever holds them; the publisher's may not. */
function comparisonOf(
  { from, unchangedHosts, matchedHosts, refusedHosts, changes, warnings }: Comparison,
) {
  return {
    from,
    unchangedHosts,
    matchedHosts,
    refusedHosts,
    warnings: [...warnings],
    changes: changes.map((change) => ({
      hosts: [...change.hosts],
      changes: change.changes.map((one) => ({ ...one })),
      problems: [...change.problems],
    })),
  };
}

/** The caller must learn that nothing is in force without a record. */
async function unlessUnrecorded(result: Promise<PublishResult>): Promise<PublishResult> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof UnrecordedPublishError)) throw error;
    throw new ApiError(503, error.message, { cause: error });
  }
}

function refusalError({ reason, problems, isFrozen, isForNobody }: Refusal): ApiError {
  const [first] = problems;
  const where = first ? `: ${first.file}:${first.line}:${first.column}: ${first.message}` : "";
  return new ApiError(isFrozen || isForNobody ? 423 : 409, reason + where);
}
