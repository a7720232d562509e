import { InvalidArgumentError } from "@commander-js/extra-typings";

/**
 * Turns a parser into one for commander's options and arguments: its `SyntaxError` becomes a usage error that names the
 * option. Any other error is a bug and passes through.
 */
export function asArgument<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof SyntaxError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

/** A parser for options that take a whole number from `min` to `max`, both included. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return asArgument((text) => {
    const value = /^-?\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
    throw new SyntaxError(`Write a whole number, ${range}`);
  });
}
