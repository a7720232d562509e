import { z } from "zod";
import { DurationError, parseDuration } from "../../shared/terminal/duration.ts";

/** A duration such as `60s`; a bare `0` is allowed where `minMs` is 0. */
export function duration(minMs: number, maxMs: number, range: string) {
  return z.union([z.string(), z.literal(0)], { error: `expected a duration, ${range}` })
    .transform((text, context) => {
      try {
        const ms = parseDuration(String(text));
        if (ms >= minMs && ms <= maxMs) return ms;
        context.addIssue({ code: "custom", message: `expected ${range}` });
      } catch (error) {
        if (!(error instanceof DurationError)) throw error;
        context.addIssue({
          code: "custom",
          message: `expected a duration such as 90s, 15m or 30d, ${range}`,
        });
      }
      return z.NEVER;
    });
}
