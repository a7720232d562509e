import { InvalidArgumentError } from "@commander-js/extra-typings";
import { parseDuration } from "../../shared/terminal/duration.ts";

/** Largest count that an option takes; what asks for more has mistaken the option. */
const MAX_COUNT = 1_000_000;

/** Parses a whole number from 1 on. */
export function parseCountOption(text: string): number {
  if (!/^[0-9]{1,7}$/.test(text) || Number(text) < 1 || Number(text) > MAX_COUNT) {
    throw new InvalidArgumentError(`"${text}" is not a whole number from 1 to ${MAX_COUNT}.`);
  }
  return Number(text);
}

/** Parses a duration such as `1h`, in ms. */
export function parseDurationOption(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}
