/**
 * The cookie of a session. The prefix has browsers take it from this server alone, over TLS, for every path (RFC 6265bis,
 * 4.1.3.2).
 */
export const SESSION_COOKIE = "__Host-vigo-session";
/** Carries the CSRF token of a session, with every request that changes something. */
export const CSRF_HEADER = "x-vigo-csrf";
/** Sent by what asks by itself, such as a page that refreshes: such a request keeps no session alive. */
export const AUTOMATIC_HEADER = "x-vigo-automatic";
