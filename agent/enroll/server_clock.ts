import { type ServerTime, serverTimeSchema } from "../../shared/config/server_time.ts";
import type { Verifier } from "../../shared/crypto/ed25519.ts";
import { openDocument, type SignedBytes } from "../../shared/canonical/signed_document.ts";
import { serverTime } from "../../shared/rest/enroll.ts";
import { callRest } from "./rest_client.ts";

/** Bytes of the nonce that a question about the time carries. */
const NONCE_BYTES = 16;

/** A signed time is believed only as the answer to the nonce that asked for it. */
export function acceptServerTime(
  signed: SignedBytes,
  nonce: Uint8Array,
  verifier: Verifier,
): { readonly ok: true; readonly timeMs: number } | {
  readonly ok: false;
  readonly reason: string;
} {
  const opened = openDocument<ServerTime>("serverTime", signed, verifier, serverTimeSchema);
  if (!opened.ok) return opened;
  if (opened.value.nonce !== nonce.toHex()) {
    return { ok: false, reason: "server time answers another nonce" };
  }
  return { ok: true, timeMs: opened.value.timeMs };
}

/**
 * Asks the server for its clock when this machine's own is too wrong for TLS: whoever answers, only the server's
 * signature over a fresh nonce is believed.
 *
 * @returns server time minus local time, in ms.
 * @throws {Error} if nobody answers or the answer is not the server's.
 */
export async function askClockOffset(
  rest: string,
  verifier: Verifier,
  nowMs: () => number,
  signal?: AbortSignal,
): Promise<number> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const askedAtMs = nowMs();
  const answer = await callRest(rest, { kind: "unverified" }, serverTime, {
    query: { nonce: nonce.toHex() },
    body: undefined,
    ...(signal ? { signal } : {}),
  });
  const signed = {
    payload: Uint8Array.fromBase64(answer.payload),
    signature: Uint8Array.fromBase64(answer.signature),
  };
  const verdict = acceptServerTime(signed, nonce, verifier);
  if (!verdict.ok) throw new Error(`Cannot believe the clock of ${rest}: ${verdict.reason}`);
  const answeredAtMs = nowMs();
  return Math.round(verdict.timeMs - (askedAtMs + answeredAtMs) / 2);
}

const UNITS = [
  { name: "year", ms: 365.25 * 86_400_000 },
  { name: "day", ms: 86_400_000 },
  { name: "hour", ms: 3_600_000 },
  { name: "minute", ms: 60_000 },
  { name: "second", ms: 1_000 },
] as const;

/** A wrong clock in words: `clock is 56 years behind the server; set it or start vigo with --set-clock`. */
export function describeClockOffset(offsetMs: number): string {
  const size = Math.abs(offsetMs);
  const unit = UNITS.find(({ ms }) => size >= ms) ?? UNITS[UNITS.length - 1];
  const count = Math.round(size / (unit?.ms ?? 1_000));
  const direction = offsetMs > 0 ? "behind" : "ahead of";
  return `clock is ${count} ${unit?.name}${
    count === 1 ? "" : "s"
  } ${direction} the server; set it or start vigo with --set-clock`;
}
