import type { Collector } from "./collector.ts";

/** How long the machine has been up. */
export const uptime: Collector = {
  name: "uptime",
  kind: "volatile",
  collect: (system) => {
    const seconds = Math.floor(system.uptimeSeconds());
    return Promise.resolve({ seconds, days: Math.floor(seconds / 86_400) });
  },
};
