/** What an axis may end at, below ten. */
const STEPS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** The end of an axis that reaches a value: a number that is short to write. At least `least`. */
export function niceCeiling(value: number, least = 1): number {
  const wanted = Math.max(value, least);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = STEPS.find((one) => one * power >= wanted * (1 - 1e-9)) ?? 10;
  return Number((step * power).toPrecision(6));
}
