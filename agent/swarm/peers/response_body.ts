import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
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

/**
 * Reads an answer that has exactly the size of `into`, without keeping any of it elsewhere.
 *
 * @throws {PeerError} if it is longer or shorter. What is in `into` then means nothing, and it is not written to any more.
 */
export function readExactly(response: Readable, into: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    let filled = 0;
    let over = false;
    const fail = (reason: string) => {
      over = true;
      response.destroy();
      reject(new PeerError(reason));
    };
    response.on("data", (part: Buffer) => {
      // After a failure the buffer belongs to another request.
      if (over) return;
      if (filled + part.length > into.length) {
        return fail(`Peer sent more than the ${into.length} bytes of the chunk`);
      }
      into.set(part, filled);
      filled += part.length;
    });
    response.once("end", () => {
      if (filled === into.length) resolve();
      else fail(`Peer sent ${filled} of the ${into.length} bytes of the chunk`);
    });
    response.once("error", (error) => {
      over = true;
      reject(asPeerError("the other end", error));
    });
    response.once("close", () => {
      over = true;
      reject(new PeerError("Peer ended its answer early"));
    });
  });
}

/** A header that stands once and is not empty. */
export function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The bytes of a base64 header. */
export function headerBytes(headers: IncomingHttpHeaders, name: string): Uint8Array | undefined {
  const text = headerText(headers, name);
  return text === undefined ? undefined : new Uint8Array(Buffer.from(text, "base64"));
}
