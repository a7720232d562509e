import { z } from "zod";
import { DOMAIN } from "../canonical/domain.ts";
import { encodeFrame } from "../canonical/frame.ts";
import { isSha256 } from "../crypto/sha256.ts";
import { verifySignature } from "../puddle/verify_signature.ts";
import type { TopicAuthors } from "./chain.ts";

const hex32 = z.string().refine(isSha256, { error: "expected 64 lowercase hex digits" });

/**
 * The puddle's word on which envoy writes a topic. Without one, whoever has a copy of a topic's messages in a home could say
 * who is to write it.
 */
export const appointmentSchema = z.strictObject({
  topic_id: hex32,
  /** ed25519 public key that signed: one that writes the topic. */
  author_pubkey: hex32,
  /** Hostname of the one envoy that may post. */
  writer: z.string().regex(/^[!-~]{1,253}$/),
  /** The last message when it was made; 0 for a topic that is new. */
  after_seq: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER - 1),
  /** 1, and one more for each appointment after the same message. */
  turn: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  /** Over {@linkcode appointmentBytes}, as hex. */
  signature: z.string().regex(/^[0-9a-f]{128}$/),
});

export type Appointment = z.infer<typeof appointmentSchema>;
export type UnsignedAppointment = Omit<Appointment, "signature">;

/** Largest appointment as JSON, in bytes. */
export const MAX_APPOINTMENT_JSON_BYTES = 1_024;

/** Reads an appointment as JSON; nothing if it is none. Nothing of it is verified. */
export function parseAppointment(json: Uint8Array): Appointment | undefined {
  if (json.length === 0 || json.length > MAX_APPOINTMENT_JSON_BYTES) return undefined;
  try {
    return appointmentSchema.safeParse(JSON.parse(new TextDecoder().decode(json))).data;
  } catch {
    return undefined;
  }
}

/** The bytes that the author of an appointment signs. */
export function appointmentBytes(appointment: UnsignedAppointment): Uint8Array<ArrayBuffer> {
  return encodeFrame(DOMAIN.poolqWriter, [
    Uint8Array.fromHex(appointment.topic_id),
    Uint8Array.fromHex(appointment.author_pubkey),
    appointment.writer,
    BigInt(appointment.after_seq),
    BigInt(appointment.turn),
  ]);
}

/** What has to be signed for `writer` to write a topic from now on, after what is known of it. */
export function nextAppointment(
  { topicId, author, writer, headSeq, before }: {
    readonly topicId: string;
    readonly author: string;
    readonly writer: string;
    /** 0 for a topic that is new. */
    readonly headSeq: number;
    /** The latest one that is known. */
    readonly before: Appointment | undefined;
  },
): UnsignedAppointment {
  const isAgain = before !== undefined && before.after_seq >= headSeq &&
    before.author_pubkey === author;
  return {
    topic_id: hex32.parse(topicId),
    author_pubkey: hex32.parse(author),
    writer,
    after_seq: Math.max(headSeq, before?.after_seq ?? 0),
    turn: isAgain ? Math.min(before.turn + 1, Number.MAX_SAFE_INTEGER) : 1,
  };
}

/** An appointment whose signature and author were checked. */
export interface ProvenAppointment {
  readonly appointment: Appointment;
  /** Whether its author may still write what comes after `after_seq`: false for a key that was retired there. */
  readonly isPresentKeys: boolean;
}

/**
 * Checks whether an appointment is one: of this topic, signed, and by a key that may write the message it was made after, or
 * the next one.
 *
 * @param input parsed JSON.
 * @returns nothing if it is none.
 */
export function proveAppointment(
  input: unknown,
  { topicId, founder, authors }: {
    readonly topicId: string;
    readonly founder: string;
    readonly authors: TopicAuthors;
  },
): ProvenAppointment | undefined {
  const parsed = appointmentSchema.safeParse(input);
  if (!parsed.success || parsed.data.topic_id !== topicId) return undefined;
  const appointment = parsed.data;
  const { author_pubkey: author, after_seq, signature } = appointment;
  const mayWrite = (seq: number) => seq > 0 && authors.judge({ topicId, founder, author, seq }).ok;
  const isPresentKeys = mayWrite(after_seq + 1);
  if (!isPresentKeys && !mayWrite(after_seq)) return undefined;
  if (!verifySignature(author, appointmentBytes(appointment), signature)) return undefined;
  return { appointment, isPresentKeys };
}

/**
 * Whether `one` takes the place of `other`: it was made after a later message; or after the same one, by the key that came
 * after the other's; or by the same, at a later turn. So a stolen key that was retired appoints nobody any more, once the new
 * one has.
 */
export function isLaterAppointment(
  one: ProvenAppointment,
  other: ProvenAppointment | undefined,
): boolean {
  if (!other) return true;
  const [a, b] = [one.appointment, other.appointment];
  if (a.after_seq !== b.after_seq) return a.after_seq > b.after_seq;
  if (one.isPresentKeys !== other.isPresentKeys) return one.isPresentKeys;
  return a.turn > b.turn;
}

/** The latest of these that is proven. */
export function latestAppointment(
  inputs: readonly unknown[],
  topic: Parameters<typeof proveAppointment>[1],
): Appointment | undefined {
  let latest: ProvenAppointment | undefined;
  for (const input of inputs) {
    const proven = proveAppointment(input, topic);
    if (proven && isLaterAppointment(proven, latest)) latest = proven;
  }
  return latest?.appointment;
}
