import { z } from "zod";
import { reachAnswerSchema } from "./peers/peer_api.ts";
import { KNOCK_OUTCOMES } from "./peers/knock_outcome.ts";

/** Whoever was heard within this time counts as heard: three announcements and some slack. */
export const HEARD_LATELY_MS = 35_000;
/** Silence means something after this: an announcement and a greeting should have come. */
export const LISTENED_ENOUGH_MS = 15_000;
/** A peer that proved itself within this time is there. */
export const PROVEN_LATELY_MS = 60_000;
/** Sources shown of one interface; the rest is a number. */
export const MAX_HEARD_SHOWN = 32;
/** Peers shown that are known on this network and not heard. */
export const MAX_SILENT_SHOWN = 8;
/** Interfaces described; a host of many networks has fewer, and of the rest nothing is said. */
export const MAX_INTERFACES_SHOWN = 256;

const text = z.string().transform((long) => long.slice(0, 1_000));
const port = z.number().int().min(0).max(65_535);
const ms = z.number().int().nonnegative();
const knock = z.object({ outcome: z.enum(KNOCK_OUTCOMES), detail: text });
const heard = z.object({ address: text, hostname: text.nullable(), agoMs: ms });

/** What the engine sees of the way to its peers at one moment; `vigo swarm doctor` judges it. */
export const diagnosisSchema = z.object({
  hostname: text,
  port,
  /** Why nothing is seeded, served or gossiped for now; `null` while all runs. */
  quiet: text.nullable(),
  multicast: z.object({
    state: z.enum(["off", "running", "failed"]),
    problem: text.nullable(),
    /** For how long announcements are listened for; `null` while they are not. */
    listeningMs: ms.nullable(),
    udpPort: port,
  }),
  interfaces: z.array(z.object({
    name: text,
    address: text,
    joined: z.boolean(),
    problem: text.nullable(),
    /** When an announcement left last, and when one that left came back, ms ago. */
    sentAgoMs: ms.nullable(),
    returnedAgoMs: ms.nullable(),
    heardCount: z.number().int(),
    heard: z.array(heard).max(MAX_HEARD_SHOWN),
    /** Peers that answer, have an address on this network, and were not heard. */
    silent: z.array(z.object({ hostname: text, address: text })).max(MAX_SILENT_SHOWN),
  })).max(MAX_INTERFACES_SHOWN),
  /** Heard from addresses of no network of this machine. */
  heardElsewhere: z.array(heard).max(MAX_HEARD_SHOWN),
  peers: z.number().int(),
  /** Peers of before that do not answer now. */
  absent: z.number().int(),
  /** What the configuration has announced in place of the real address. */
  announced: z.object({ address: text, port, isOwn: z.boolean(), knock }).nullable(),
  /** The peer that was asked about. */
  peer: z.discriminatedUnion("isKnown", [
    /** Nobody who proved to be that one; its address may have been heard. */
    z.object({ isKnown: z.literal(false), asked: text, heardAgoMs: ms.nullable() }),
    z.object({
      isKnown: z.literal(true),
      hostname: text,
      address: text,
      port,
      source: text,
      /** Whether it is on a network that this machine has an interface on. */
      isNear: z.boolean(),
      heardAgoMs: ms.nullable(),
      /** What came of calling it just now. */
      knock,
      /** What it said of calling back, and how long ago; `null` if it could not be asked. */
      reach: reachAnswerSchema.extend({ askedAgoMs: ms }).nullable(),
      /** Why it could not be asked. */
      reachProblem: text.nullable(),
    }),
  ]).nullable(),
});
export type Diagnosis = z.output<typeof diagnosisSchema>;
export type DiagnosedInterface = Diagnosis["interfaces"][number];
export type DiagnosedPeer = Extract<NonNullable<Diagnosis["peer"]>, { isKnown: true }>;
