import type { TraitSystem } from "../traits/collector.ts";
import { parseSpeed } from "./swarm_interfaces.ts";

/** Speeds of network interfaces in Mbit/s by name, as far as the system tells. Virtual ones and some drivers have none. */
export async function readInterfaceSpeeds(
  system: Pick<TraitSystem, "list" | "readText">,
): Promise<ReadonlyMap<string, number>> {
  const speeds = new Map<string, number>();
  for (const name of await system.list("/sys/class/net")) {
    // Drivers without a speed fail to read it.
    const text = await system.readText(`/sys/class/net/${name}/speed`).catch(() => undefined);
    const speed = parseSpeed(text);
    if (speed !== undefined) speeds.set(name, speed);
  }
  return speeds;
}
