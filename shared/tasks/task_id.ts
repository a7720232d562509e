/** Letters and digits of a task's id that no two people read differently. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
/** Of them after the `t`: 50 bits, so that ids of years never meet, and still short enough to be typed. */
const LENGTH = 10;

/** What every task's id looks like. */
export const TASK_ID_PATTERN = /^t[0-9a-hj-km-np-tv-z]{10}$/;

/** A task's id, such as `t3k9d0q7xw2`. @param random fills bytes that nobody can guess. */
export function makeTaskId(
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes),
): string {
  const bytes = random(new Uint8Array(LENGTH));
  return `t${[...bytes].map((byte) => ALPHABET[byte % ALPHABET.length]).join("")}`;
}
