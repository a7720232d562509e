import { type EmitLine, type ScanRequest, scanRequestSchema } from "./scan_request.ts";

/**
 * Does what a request asks for. Each kind's code is loaded when it is needed: the start is what a scan takes longest.
 *
 * @throws {SyntaxError} if the text is no request.
 */
export async function serveScan(text: string, emit: EmitLine): Promise<void> {
  const request = readRequest(text);
  switch (request.kind) {
    case "poolq_read":
      return await (await import("./read_queue_home.ts")).readQueueHome(request, emit);
    case "poolq_scrub":
      return await (await import("./scrub_queue_home.ts")).scrubQueueHome(request, emit);
    case "poolq_prune":
      return await (await import("./prune_queue_home.ts")).pruneQueueHome(request, emit);
    case "puddle_read":
      return await (await import("./read_puddle_home.ts")).readPuddleHome(request, emit);
    case "puddle_proof":
      return await (await import("./check_user_proof.ts")).checkUserProof(request, emit);
    case "puddle_scrub":
      return await (await import("./scrub_puddle_home.ts")).scrubPuddleHome(request, emit);
  }
}

function readRequest(text: string): ScanRequest {
  const parsed = scanRequestSchema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new SyntaxError(`Cannot scan: ${issue?.path.join(".")}: ${issue?.message}`);
}
