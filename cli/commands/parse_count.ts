import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Largest count that an option takes; what asks for more has mistaken the option. */
const MAX_COUNT = 1_000_000;

/** Parses a whole number from 1 on, for an option. */
export function parseCount(text: string): number {
  if (!/^[0-9]{1,7}$/.test(text) || Number(text) < 1 || Number(text) > MAX_COUNT) {
    throw new InvalidArgumentError(`"${text}" is not a whole number from 1 to ${MAX_COUNT}.`);
  }
  return Number(text);
}
