import type { Collector } from "./collector.ts";

/** Load averages over 1, 5 and 15 minutes, to hundredths. */
export const loadavg: Collector = {
  name: "loadavg",
  kind: "volatile",
  collect: (system) => {
    const [one, five, fifteen] = system.loadAverage().map((load) => Math.round(load * 100) / 100);
    return Promise.resolve({ one: one ?? 0, five: five ?? 0, fifteen: fifteen ?? 0 });
  },
};
