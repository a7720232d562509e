import type { SwarmState } from "../swarm/mirror.ts";

/** The state of a machine that takes part in the swarm, and has nothing yet. */
export const STATE: SwarmState = {
  schema: 1,
  envoyUuid: "6f1c2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f",
  hostname: "web-1",
  instance: "i",
  updatedMs: 99_000,
  lastCheckinMs: 90_000,
  gates: { enabled: true, seeder: false, subsystems: { payload: true, puddle: false } },
  fleetSerial: 1,
  envoySerial: 1,
  listening: { address: "10.0.0.2", port: 1531 },
  multicast: { state: "running", interfaces: ["10.0.0.2"] },
  manifest: { digest: "ab".repeat(32), version: 17, active: 2, revoked: 1 },
  peerCount: 3,
  blobs: [],
  problems: [],
};
