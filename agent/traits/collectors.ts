import { join } from "node:path";
import { blockdevices } from "./blockdevices.ts";
import { cloud } from "./cloud.ts";
import type { Collector } from "./collector.ts";
import { container } from "./container.ts";
import { dmi } from "./dmi.ts";
import { filesystem } from "./filesystem.ts";
import { hardware } from "./hardware.ts";
import { loadavg } from "./loadavg.ts";
import { memory } from "./memory.ts";
import { mountpoints } from "./mountpoints.ts";
import { network } from "./network.ts";
import { os } from "./os.ts";
import { packages } from "./packages.ts";
import { poolqCollector } from "./poolq.ts";
import { ports } from "./ports.ts";
import { puddleCollector } from "./puddle.ts";
import { processes } from "./processes.ts";
import { swap } from "./swap.ts";
import { swarmCollectors } from "./swarm.ts";
import { time } from "./time.ts";
import { uptime } from "./uptime.ts";
import { users } from "./users.ts";

/** The collectors that look at the machine alone. */
export const COLLECTORS: readonly Collector[] = [
  blockdevices,
  cloud,
  container,
  dmi,
  filesystem,
  hardware,
  loadavg,
  memory,
  mountpoints,
  network,
  os,
  packages,
  ports,
  processes,
  swap,
  time,
  uptime,
  users,
];

/** Every collector that is built in; those of the swarm look at its folder. */
export function builtInCollectors(swarmFolder: string): readonly Collector[] {
  return [
    ...COLLECTORS,
    ...swarmCollectors(swarmFolder),
    poolqCollector(join(swarmFolder, "..", "poolq-heads")),
    puddleCollector(join(swarmFolder, "..", "puddles.json")),
  ];
}

/** Names that an operator's collector may not have: what is built in, what the agent adds, and what is to come. */
export const RESERVED_TRAITS: ReadonlySet<string> = new Set([
  ...builtInCollectors("").map(({ name }) => name),
  "agent_self",
  "puddle",
]);
