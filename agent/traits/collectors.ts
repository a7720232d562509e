import type { Collector } from "./collector.ts";
import { hardware } from "./hardware.ts";
import { loadavg } from "./loadavg.ts";
import { memory } from "./memory.ts";
import { mountpoints } from "./mountpoints.ts";
import { network } from "./network.ts";
import { os } from "./os.ts";
import { packages } from "./packages.ts";
import { time } from "./time.ts";
import { uptime } from "./uptime.ts";
import { users } from "./users.ts";

/** Every collector that is built in. */
export const COLLECTORS: readonly Collector[] = [
  hardware,
  loadavg,
  memory,
  mountpoints,
  network,
  os,
  packages,
  time,
  uptime,
  users,
];
