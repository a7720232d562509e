import { createHmac, timingSafeEqual } from "node:crypto";
import { DOMAIN } from "../../shared/canonical/domain.ts";
import { encodeFrame } from "../../shared/canonical/frame.ts";

/** 8 bytes of counter, big-endian, and 16 of HMAC-SHA-256. */
export const CLONE_TOKEN_BYTES = 24;
const COUNTER_BYTES = 8;
const MAC_BYTES = CLONE_TOKEN_BYTES - COUNTER_BYTES;

/** Makes and reads the tokens that chain one envoy's check-ins. */
export interface CloneTokens {
  issue(envoyUuid: string, counter: number): Uint8Array<ArrayBuffer>;
  /** The counter of a token that this server made for this envoy; `undefined` for any other bytes. */
  read(envoyUuid: string, token: Uint8Array): number | undefined;
}

/** @param key 32 secret bytes, the same after every restart. */
export function createCloneTokens(key: Uint8Array): CloneTokens {
  const issue = (envoyUuid: string, counter: number) => {
    const frame = encodeFrame(DOMAIN.cloneToken, [envoyUuid, BigInt(counter)]);
    const token = new Uint8Array(CLONE_TOKEN_BYTES);
    new DataView(token.buffer).setBigUint64(0, BigInt(counter));
    token.set(
      createHmac("sha256", key).update(frame).digest().subarray(0, MAC_BYTES),
      COUNTER_BYTES,
    );
    return token;
  };
  return {
    issue,
    read: (envoyUuid, token) => {
      if (token.length !== CLONE_TOKEN_BYTES) return undefined;
      const view = new DataView(token.buffer, token.byteOffset, token.byteLength);
      const counter = Number(view.getBigUint64(0));
      if (!Number.isSafeInteger(counter)) return undefined;
      return timingSafeEqual(issue(envoyUuid, counter), token) ? counter : undefined;
    },
  };
}

/**
 * Where the chain of one envoy's tokens stands. `presented` is the counter last accepted, 0 before the first; `issued` the
 * one last handed out, `undefined` when this server process has handed out none (it has just started, or an admin accepted
 * the envoy).
 */
export interface CloneWindow {
  readonly presented: number;
  readonly issued: number | undefined;
}

/** The window of an envoy that has never checked in. */
export const NEW_CLONE_WINDOW: CloneWindow = { presented: 0, issued: 0 };

/**
 * Judges the token that a check-in presents, and gives the counter to issue next.
 *
 * Accepted are the token presented last (its answer may never have arrived) and the one issued last. While nothing is known
 * to be issued, any counter from the presented one on is. Anything else means that two machines use one identity, or that
 * one was restored from a snapshot; the chain then goes on for whoever asked, so that an admin can accept the envoy.
 *
 * @param counter what {@linkcode CloneTokens.read} made of the token; 0 for no token, `undefined` for a forged one.
 */
export function judgeCloneToken(
  window: CloneWindow,
  counter: number | undefined,
  nowMs: number,
): { readonly genuine: boolean; readonly next: CloneWindow & { readonly issued: number } } {
  const { presented, issued } = window;
  const genuine = counter !== undefined &&
    (counter === presented || (issued === undefined ? counter > presented : counter === issued));
  const accepted = genuine ? counter : Math.max(presented, issued ?? 0);
  // A new counter for every answer: handing out the same one twice would hide two machines that take turns.
  const next = Math.max(accepted + 1, (issued ?? 0) + 1, nowMs);
  return { genuine, next: { presented: accepted, issued: next } };
}
