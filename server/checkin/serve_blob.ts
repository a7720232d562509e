import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { ServerWritableStream } from "@grpc/grpc-js";
import { type BlobPiece, Refusal_Reason, type SignedRequest } from "../../shared/proto/agent.ts";
import type { DeliveryAnswer } from "../swarm/blob_desk.ts";
import { toServiceError } from "../fleet/refusals.ts";

/** A reader that takes nothing for so long is cut off: its place belongs to others. */
const STALL_MS = 30_000;

/**
 * Sends a blob's bytes down one call, as fast as its reader takes them; memory holds what is on its way and no more.
 *
 * @param open says what is to be sent, or why nothing is.
 */
export async function serveBlob(
  call: ServerWritableStream<SignedRequest, BlobPiece>,
  open: () => Promise<DeliveryAnswer>,
  stallMs = STALL_MS,
): Promise<void> {
  const gone = new AbortController();
  call.on("cancelled", () => gone.abort());
  // An error reaches the reader as the call's status; here it only means that nothing more can be sent.
  call.on("error", () => gone.abort());
  const answer = await open();
  if (!answer.ok) {
    call.emit("error", toServiceError(answer.refusal));
    return;
  }
  using delivery = answer.delivery;
  try {
    for (;;) {
      const bytes = await delivery.next();
      if (bytes === undefined || gone.signal.aborted) break;
      const piece = { data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) };
      if (!call.write(piece)) await drained(call, gone.signal, stallMs);
    }
    call.end();
  } catch (error) {
    if (gone.signal.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    call.emit("error", toServiceError({ reason: Refusal_Reason.UNSPECIFIED, message }));
  }
}

/** @throws {Error} if the reader has gone, or takes nothing in time. */
async function drained(
  call: ServerWritableStream<SignedRequest, BlobPiece>,
  gone: AbortSignal,
  stallMs: number,
): Promise<void> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), stallMs);
  try {
    await once(call, "drain", { signal: AbortSignal.any([gone, late.signal]) });
  } catch (error) {
    if (gone.aborted) throw error;
    throw new Error(`nothing was read for ${stallMs} ms`);
  } finally {
    clearTimeout(timer);
  }
}
