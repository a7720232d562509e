// @ts-check
// Which nodes of a picture have their name beside them.

/** How many nodes are many: of those which do nothing, names stand only where one looks closely. */
export const MANY = 250;
/** How large a disc then is, in CSS pixels of its radius. */
const CLOSE_PX = 9;
/** A name under a smaller speck belongs to nobody. */
const SPECK_PX = 3.2;

/**
 * @param {{ readonly isChosen: boolean, readonly isActive: boolean, readonly radiusPx: number }} node
 * @param {number} count of all nodes
 */
export function hasName({ isChosen, isActive, radiusPx }, count) {
  if (isChosen) return true;
  if (radiusPx < SPECK_PX) return false;
  return isActive || count <= MANY || radiusPx >= CLOSE_PX;
}
