import type { ServerResponse } from "node:http";
import { z } from "zod";
import type { ResourceReport, RunReport } from "../../shared/config/run_report.ts";
import type { CleanUp } from "../swarm/blobs/stale_partials.ts";
import type { Diagnosis } from "../swarm/diagnosis.ts";
import {
  answerQueueRequest,
  isQueueRequest,
  type LocalQueues,
} from "../poolq_mesh/local_poolq_api.ts";
import { explainFailure, isTurnedAway } from "../cycle/describe_failure.ts";
import { type LocalHandler, sendJson } from "../local/local_server.ts";
import { readJsonBody } from "../local/read_json_body.ts";
import type { AgentStatus } from "../cycle/status.ts";
import type { WakeQueue } from "../cycle/wake_queue.ts";

/** Longest hostname, UUID or address. */
const MAX_PEER_NAME = 255;

const runRequestSchema = z.strictObject({ dryRun: z.boolean().default(false) });

/** One line of the answer to `POST /run`. */
export type RunEvent =
  | { readonly kind: "resource"; readonly resource: ResourceReport }
  | {
    readonly kind: "done";
    readonly report: RunReport | null;
    /** Why nothing was applied. */
    readonly notApplied: string | null;
    /** Why the server was not heard, as a clause. */
    readonly failure: string | null;
    /** Whether that is because the server does not know this machine, or no longer. */
    readonly isTurnedAway: boolean;
    /** Why the bundle that the server sent was not accepted. */
    readonly refusedBundle: string | null;
  };

/** What the open socket tells. */
export interface OpenApi {
  status(): AgentStatus;
  /** What the swarm engine sees of the way to its peers, and to the one that is named. */
  diagnose(peer: string | undefined): Promise<Diagnosis | null | "busy">;
  readonly queues: LocalQueues;
  readonly puddles: { answerLocal: LocalHandler };
}

/** What every user may ask: `GET /status`, `GET /swarm/diagnosis[?peer=NAME]`, and what there is of queues. */
export function createOpenApi(daemon: OpenApi): LocalHandler {
  return async (request, response) => {
    const url = URL.parse(request.url ?? "", "http://agent/");
    if (isQueueRequest(url?.pathname ?? "")) {
      return await answerQueueRequest(daemon.queues, request, response);
    }
    if (url?.pathname.startsWith("/puddle/")) {
      return await daemon.puddles.answerLocal(request, response);
    }
    if (request.method !== "GET") {
      return sendJson(response, 405, { message: "only GET is answered here" });
    }
    if (request.url === "/status") return sendJson(response, 200, daemon.status());
    if (url?.pathname !== "/swarm/diagnosis") {
      return sendJson(response, 404, { message: `nothing is known of ${request.url}` });
    }
    const peer = url.searchParams.get("peer") ?? undefined;
    if (peer === "" || (peer?.length ?? 0) > MAX_PEER_NAME) {
      const message = `Cannot look for a peer: its name has 1 to ${MAX_PEER_NAME} characters`;
      return sendJson(response, 400, { message });
    }
    const diagnosis = await daemon.diagnose(peer);
    if (diagnosis === "busy") {
      const message = "Cannot look at the swarm: several others are just being answered. Try again";
      return sendJson(response, 429, { message });
    }
    sendJson(response, 200, diagnosis);
  };
}

/** What the owner may ask for beside checking in. */
export interface ControlApi {
  readonly queue: WakeQueue;
  /** Tidies the swarm's folder; `null` if the engine ends before it is done. */
  cleanUp(): Promise<CleanUp | null>;
}

/**
 * What the owner may ask: `POST /check-in`, answered at once, `POST /swarm/clean`, answered when it is done, and `POST /run`,
 * answered with one JSON line per resource and one when it is done.
 */
export function createControlApi({ queue, cleanUp }: ControlApi): LocalHandler {
  return async (request, response) => {
    if (request.method === "POST" && request.url === "/swarm/clean") {
      const done = await cleanUp();
      if (done) return sendJson(response, 200, done);
      const message = "Cannot clean up: the swarm engine has ended. Try again in a moment";
      return sendJson(response, 503, { message });
    }
    if (request.method === "POST" && request.url === "/check-in") {
      queue.push(false);
      sendJson(response, 200, {});
      return;
    }
    if (request.method !== "POST" || request.url !== "/run") {
      sendJson(response, 404, { message: `nothing is known of ${request.method} ${request.url}` });
      return;
    }
    const parsed = runRequestSchema.safeParse(await readJsonBody(request));
    if (!parsed.success) {
      sendJson(response, 400, { message: 'a run request is {"dryRun": boolean}' });
      return;
    }
    const { dryRun } = parsed.data;
    const write = (event: RunEvent) => {
      // Whoever asked may have gone; the run goes on.
      if (!response.destroyed) response.write(`${JSON.stringify(event)}\n`);
    };
    const isQueued = queue.add({
      trigger: "manual",
      dryRun,
      force: false,
      onResource: (resource) => write({ kind: "resource", resource }),
      onDone: ({ report, notApplied, failure, refusedBundle }) => {
        write({
          kind: "done",
          report: report ?? null,
          notApplied: notApplied ?? null,
          failure: failure ? explainFailure(failure) : null,
          isTurnedAway: failure !== undefined && isTurnedAway(failure),
          refusedBundle: refusedBundle ?? null,
        });
        response.end();
      },
    });
    if (!isQueued) {
      sendJson(response, 429, {
        message: "Cannot run: too many runs are waiting. Try again in a moment",
      });
      return;
    }
    startLines(response);
  };
}

function startLines(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
}
