import type { Collector, TraitSystem } from "./collector.ts";
import { present } from "./present.ts";
import { readIfAllowed } from "./read_optional.ts";

/** What systemd-timesyncd touches once it has set the clock by a server. */
const SYNCHRONIZED_STAMP = "/run/systemd/timesync/synchronized";
const ZONE_FOLDER = /\/zoneinfo(?:\.default)?\//;

/** The machine's time zone. The clock itself is the business of every signed request: `agent_self.clock_offset_ms`. */
export const time: Collector = {
  name: "time",
  kind: "stable",
  async collect(system) {
    const timezone = await readZone(system);
    const isSynchronized = await readIfAllowed(system, SYNCHRONIZED_STAMP) !== undefined;
    return present({
      timezone,
      utc_offset_minutes: offsetMinutes(timezone, new Date()),
      // Other clock services leave no stamp: without one nothing is known.
      synchronized: isSynchronized ? true : undefined,
    });
  },
};

/** The runtime reads its zone once, at its start; the link says what holds now. */
async function readZone(system: TraitSystem): Promise<string> {
  const link = await system.readLink("/etc/localtime");
  const [, linked] = link?.split(ZONE_FOLDER) ?? [];
  if (linked) return linked;
  const written = (await readIfAllowed(system, "/etc/timezone"))?.trim();
  return written || Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Minutes east of UTC at `date`; `undefined` for a name that no time zone has. */
export function offsetMinutes(timezone: string, date: Date): number | undefined {
  try {
    const parts = new Intl.DateTimeFormat("en", { timeZone: timezone, timeZoneName: "longOffset" })
      .formatToParts(date);
    const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
    const match = name.match(/^GMT(?:([+-])(\d{2}):(\d{2}))?/);
    if (!match) return undefined;
    const minutes = Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0);
    return match[1] === "-" ? -minutes : minutes;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
