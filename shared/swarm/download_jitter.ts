import { sha256 } from "../crypto/sha256.ts";

/** Envoys that learn of a blob at the same moment start within this time, so that they do not all ask at once. */
export const MAX_JITTER_MS = 1000;

/** How long `hostname` waits before it starts on `blob`, in ms: the same each time, different for each envoy. */
export function downloadJitterMs(hostname: string, blob: string): number {
  const [high = 0, low = 0] = sha256(`${hostname}\0${blob}`);
  return (high * 256 + low) % MAX_JITTER_MS;
}
