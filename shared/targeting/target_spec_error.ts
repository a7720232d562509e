/** Longest part of a refused target that an error message repeats, in UTF-16 code units. */
const MAX_QUOTED_LENGTH = 200;

/** A target spec that cannot be read. The message is one line: the spec, what is wrong and where, and what to do. */
export class TargetSpecError extends SyntaxError {
  override readonly name = "TargetSpecError";

  /**
   * @param source The whole spec as it was given.
   * @param problem What is wrong; ` at position N` is added.
   * @param position Where, in UTF-16 code units from 1; one past the end means that something is missing there.
   * @param remedy What to do, as a sentence without its full stop.
   */
  constructor(
    readonly source: string,
    readonly problem: string,
    readonly position: number,
    readonly remedy: string,
  ) {
    super(`Cannot read target ${quote(source)}: ${problem} at position ${position}. ${remedy}`);
  }
}

function quote(source: string): string {
  return JSON.stringify(
    source.length > MAX_QUOTED_LENGTH ? `${source.slice(0, MAX_QUOTED_LENGTH)}…` : source,
  );
}
