import { Buffer } from "node:buffer";
import type { Readable } from "node:stream";
import { asPeerError, PeerError } from "./peer_error.ts";

/**
 * The whole of a small answer.
 *
 * @throws {PeerError} if it has more than `maxBytes`, or ends early; nothing more is read then.
 */
export function readBody(response: Readable, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    response.on("data", (part: Buffer) => {
      sizeBytes += part.length;
      if (sizeBytes > maxBytes) {
        response.destroy();
        reject(new PeerError(`Peer answered with more than ${maxBytes} bytes`));
      } else parts.push(part);
    });
    response.once("end", () => resolve(Buffer.concat(parts)));
    response.once("error", (error) => reject(asPeerError("the other end", error)));
    response.once("close", () => reject(new PeerError("Peer ended its answer early")));
  });
}
