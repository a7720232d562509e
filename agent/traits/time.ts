import type { Collector } from "./collector.ts";

/** The machine's time zone. The clock itself is the business of every signed request. */
export const time: Collector = {
  name: "time",
  kind: "stable",
  collect: () =>
    Promise.resolve({
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    }),
};
