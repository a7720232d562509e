import {
  type ConfigPublisher,
  type PublishResult,
  type Refusal,
  UnrecordedPublishError,
} from "../publish/config_publisher.ts";
import { writePublisher } from "../wiring/publisher_name.ts";
import { ApiError } from "./api_error.ts";
import type { RouteTable } from "./route.ts";

type ConfigEndpoints =
  | "configValidate"
  | "configDiff"
  | "configPublish"
  | "configHistory"
  | "configRollback";

/** Validate, compare, publish and roll back the stacks on this host. */
export function configRoutes(publisher: ConfigPublisher): RouteTable<ConfigEndpoints> {
  return {
    configValidate: async () => {
      const { problems, ...result } = await publisher.validate();
      return { ...result, problems: [...problems] };
    },
    configDiff: async ({ body }) => {
      const result = await publisher.diff(body);
      if (result.ok) {
        return { ...result, ...changesOf(result), problems: [] };
      }
      if (result.problems.length === 0) throw new ApiError(404, result.reason);
      return {
        from: null,
        to: "",
        problems: [...result.problems],
        unchangedHosts: 0,
        changes: [],
      };
    },
    configPublish: async ({ body, principal }) => {
      const result = await unlessUnrecorded(publisher.publish({
        principal: writePublisher(principal.name, body.operator),
        message: body.message,
      }));
      if (result.ok) return { ...result, ...changesOf(result), problems: [] };
      if (result.problems.length === 0) throw new ApiError(409, result.reason);
      return {
        published: false,
        version: null,
        problems: [...result.problems],
        unchangedHosts: 0,
        changes: [],
      };
    },
    configHistory: async ({ query }) => ({ versions: await publisher.history(query.limit) }),
    configRollback: async ({ body, principal }) => {
      const result = await unlessUnrecorded(publisher.rollback({
        principal: writePublisher(principal.name, body.operator),
        version: body.version,
      }));
      if (!result.ok) throw new ApiError(409, explain(result));
      return { version: result.version, ...changesOf(result) };
    },
  };
}

/** The contract's lists may be changed by whoever holds them; the publisher's may not. */
function changesOf({ unchangedHosts, changes }: Extract<PublishResult, { ok: true }> | {
  unchangedHosts: number;
  changes: Extract<PublishResult, { ok: true }>["changes"];
}) {
  return {
    unchangedHosts,
    changes: changes.map((change) => ({
      hosts: [...change.hosts],
      changes: change.changes.map((one) => ({ ...one })),
      problems: [...change.problems],
    })),
  };
}

/** The caller must learn that the new version is in force although its record is not written. */
async function unlessUnrecorded(result: Promise<PublishResult>): Promise<PublishResult> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof UnrecordedPublishError)) throw error;
    throw new ApiError(503, error.message, { cause: error });
  }
}

function explain({ reason, problems }: Refusal): string {
  const [first] = problems;
  return first
    ? `${reason}: ${first.file}:${first.line}:${first.column}: ${first.message}`
    : reason;
}
