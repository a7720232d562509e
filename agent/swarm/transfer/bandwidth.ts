import { pause } from "../runtime/task_scope.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Bytes per second; `undefined` lets everything pass. */
export interface BandwidthRates {
  readonly downloadBytesPerSecond: number | undefined;
  readonly uploadBytesPerSecond: number | undefined;
}

/** Holds content back so that it passes no faster than it may, each direction by itself. */
export class Bandwidth {
  readonly #download = new TokenBucket(undefined, performance.now());
  readonly #upload = new TokenBucket(undefined, performance.now());

  setRates({ downloadBytesPerSecond, uploadBytesPerSecond }: BandwidthRates): void {
    this.#download.setRate(downloadBytesPerSecond);
    this.#upload.setRate(uploadBytesPerSecond);
  }

  /** Waits until so many bytes may be received, or the signal is raised. */
  takeDownload(sizeBytes: number, signal: AbortSignal): Promise<void> {
    return wait(this.#download, sizeBytes, signal);
  }

  /** Waits until so many bytes may be sent, or the signal is raised. */
  takeUpload(sizeBytes: number, signal: AbortSignal): Promise<void> {
    return wait(this.#upload, sizeBytes, signal);
  }
}

async function wait(bucket: TokenBucket, sizeBytes: number, signal: AbortSignal): Promise<void> {
  const waitMs = bucket.take(sizeBytes, performance.now());
  if (waitMs > 0) await pause(waitMs, signal);
}
