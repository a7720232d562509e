/** Largest body that any fleet can allow, in bytes of UTF-8; nothing larger is a message. */
export const HARD_MAX_BODY_BYTES = 64 * 1024;
/** Largest body where the operator set nothing (`swarm.poolq.max_msg_bytes`). */
export const DEFAULT_MAX_BODY_BYTES = 16 * 1024;
/**
 * Largest message as JSON, in bytes: JSON may write a byte of the body as `\u00XX`, six bytes, and the other fields have
 * fewer than 1024. Whoever reads a message stops here.
 */
export const MAX_MESSAGE_JSON_BYTES = 6 * HARD_MAX_BODY_BYTES + 1024;
/** Most messages in one answer to a range, from daemons and server alike; callers ask again from where it ended. */
export const MAX_RANGE_MESSAGES = 1000;
/** Most bytes of messages as JSON in one answer to a range; the answer ends after the message that reaches it. */
export const MAX_RANGE_BYTES = 4 * 1024 * 1024;
/** How far a message's time may be ahead of the corrected clock: `post` refuses to make one, servers hold one back. */
export const MAX_AHEAD_MS = 5 * 60_000;
/** Most messages, and bytes as JSON, that whoever posted hands to the daemon; of more it says only that there are some. */
export const MAX_HINT_MESSAGES = 100;
export const MAX_HINT_BYTES = 256 * 1024;
