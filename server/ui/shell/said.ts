import { Buffer } from "node:buffer";

/** Carries one line from an action to the page after it, and is gone then. */
const COOKIE = "__Host-vigo-said";
const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict";
/** Longest line carried, in characters: a cookie holds 4 kB. */
const MAX_LENGTH = 400;

/** The `set-cookie` that has the next page say this. */
export function sayNext(text: string): string {
  const value = Buffer.from(text.slice(0, MAX_LENGTH)).toString("base64url");
  return `${COOKIE}=${value}; ${ATTRIBUTES}; Max-Age=30`;
}

/** What the page before left to say; empty if nothing. */
export function readSaid(cookies: Readonly<Record<string, string>>): string {
  return Buffer.from(cookies[COOKIE] ?? "", "base64url").toString().slice(0, MAX_LENGTH);
}

/** The `set-cookie` after it was said. */
export const SAID = `${COOKIE}=; ${ATTRIBUTES}; Max-Age=0`;
