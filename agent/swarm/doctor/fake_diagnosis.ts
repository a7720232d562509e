import type { DiagnosedInterface, DiagnosedPeer, Diagnosis } from "../diagnosis.ts";

/** An interface on which everything is well. */
export const SOUND_INTERFACE: DiagnosedInterface = {
  name: "eth0",
  address: "10.0.0.2",
  joined: true,
  problem: null,
  sentAgoMs: 3_000,
  returnedAgoMs: 3_000,
  heardCount: 1,
  heard: [{ address: "10.0.0.3", hostname: "web-2", agoMs: 4_000 }],
  silent: [],
};

/** A machine that finds nothing to complain about. */
export const SOUND: Diagnosis = {
  hostname: "web-1",
  port: 1531,
  quiet: null,
  multicast: { state: "running", problem: null, listeningMs: 60_000, udpPort: 1531 },
  interfaces: [SOUND_INTERFACE],
  heardElsewhere: [],
  peers: 1,
  absent: 0,
  announced: null,
  peer: null,
};

/** A peer on the same network, with nothing in the way. */
export const SOUND_PEER: DiagnosedPeer = {
  isKnown: true,
  hostname: "web-2",
  address: "10.0.0.3",
  port: 1531,
  source: "multicast",
  isNear: true,
  heardAgoMs: 4_000,
  knock: { outcome: "answered", detail: "" },
  reach: {
    address: "10.0.0.2",
    port: 1531,
    outcome: "answered",
    detail: "",
    heardAgoMs: 2_000,
    listeningMs: 60_000,
    askedAgoMs: 0,
  },
  reachProblem: null,
};
