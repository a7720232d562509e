// @ts-check
// Colours of envoys in pictures of the swarm.

/**
 * A colour as each scheme shows it, `#rrggbb`.
 * @typedef {{ readonly light: string, readonly dark: string }} Tint
 */

/**
 * The colours that have a name, as the tag `viz.color` may say it; in this order they are the slots of envoys without one.
 * @type {Readonly<Record<string, Tint>>}
 */
export const NAMED_TINTS = {
  yellow: { light: "#b98a14", dark: "#e3c56f" },
  red: { light: "#c2473f", dark: "#e88a83" },
  green: { light: "#4b8b3b", dark: "#9acb81" },
  blue: { light: "#3b6fc0", dark: "#8ab2ef" },
  peach: { light: "#cf6f2e", dark: "#eda97c" },
  mauve: { light: "#8158b8", dark: "#c0a2ec" },
  teal: { light: "#1f8784", dark: "#72cbc1" },
  pink: { light: "#c05c96", dark: "#e8a8cd" },
};

const SLOTS = Object.values(NAMED_TINTS);

/**
 * The colour of an envoy by itself: what its tag says, if that is a colour, else one by its name, which stays the same however many
 * others come and go.
 *
 * @param {string} hostname
 * @param {string | null | undefined} tag as a person wrote it
 * @returns {Tint}
 */
export function tintOf(hostname, tag) {
  return readTint(tag) ?? slotOf(hostname);
}

/**
 * Colours of envoys that stand in one picture, by hostname: no two without a tag share one while another is free. Each has the
 * colour of its name unless one before it, in the order of their names, took that.
 *
 * @param {Iterable<readonly [hostname: string, tag: string | null | undefined]>} envoys
 * @returns {Map<string, Tint>}
 */
export function tintsOf(envoys) {
  /** @type {Map<string, Tint>} */
  const tints = new Map();
  const used = new Map(SLOTS.map((slot) => [slot, 0]));
  const count = (/** @type {Tint} */ tint) => used.set(tint, (used.get(tint) ?? 0) + 1);
  /** @type {string[]} */
  const untagged = [];
  for (const [hostname, tag] of envoys) {
    const tint = readTint(tag);
    if (!tint) untagged.push(hostname);
    else {
      tints.set(hostname, tint);
      if (used.has(tint)) count(tint);
    }
  }
  for (const hostname of untagged.sort()) {
    const own = slotOf(hostname);
    const least = Math.min(...SLOTS.map((slot) => used.get(slot) ?? 0));
    const start = SLOTS.indexOf(own);
    const free = SLOTS.map((_, at) => SLOTS[(start + at) % SLOTS.length] ?? own)
      .find((slot) => used.get(slot) === least) ?? own;
    count(free);
    tints.set(hostname, free);
  }
  return tints;
}

/**
 * Reads `viz.color`: a name, `#rrggbb` or `#rgb`, in any case; `undefined` if it is none of them.
 *
 * @param {string | null | undefined} tag
 * @returns {Tint | undefined}
 */
export function readTint(tag) {
  const text = tag?.trim().toLowerCase() ?? "";
  if (Object.hasOwn(NAMED_TINTS, text)) return NAMED_TINTS[text];
  const long = /^#[0-9a-f]{6}$/.test(text) ? text : undefined;
  const short = /^#[0-9a-f]{3}$/.test(text)
    ? `#${[...text.slice(1)].map((digit) => digit + digit).join("")}`
    : undefined;
  const hex = long ?? short;
  return hex === undefined ? undefined : { light: hex, dark: hex };
}

/**
 * @param {string} hostname
 * @returns {Tint}
 */
function slotOf(hostname) {
  const slot = SLOTS[hashText(hostname.toLowerCase()) % SLOTS.length];
  if (slot === undefined) throw new RangeError("there are no slots");
  return slot;
}

/**
 * A number from 0 to 2³² − 1 that is the same for a text wherever and whenever it is asked for (FNV-1a, then mixed as
 * MurmurHash3 ends, so that texts which differ in their last character alone are far apart).
 *
 * @param {string} text
 * @returns {number}
 */
export function hashText(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
