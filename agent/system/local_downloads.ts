import { BlockedError } from "./blocked_error.ts";
import type { Downloads } from "./downloads.ts";

/** Downloads by this machine's own network. */
export class LocalDownloads implements Downloads {
  async *open(url: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      const response = await fetch(url, { signal });
      if (!response.ok) {
        await response.body?.cancel();
        throw new Error(`the server answers ${response.status} ${response.statusText}`.trim());
      }
      for await (const piece of response.body ?? []) yield piece;
    } catch (cause) {
      // The run was stopped; nobody is to blame.
      if (cause instanceof Error && cause.name === "AbortError") throw cause;
      const detail = cause instanceof Error ? cause.message : String(cause);
      // What is behind the "?" may be a key.
      throw new BlockedError(`Cannot download ${url.replace(/\?.*$/s, "?…")}: ${detail}`, {
        cause,
      });
    }
  }
}
