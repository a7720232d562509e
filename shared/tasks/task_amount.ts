/** A number of targets: so many, or a share of those that the task is sent to. */
export type TaskAmount =
  | { readonly kind: "count"; readonly count: number }
  | { readonly kind: "percent"; readonly percent: number };

/** A `--batch-size` or `--max-failures` that cannot be read; the message says what was expected. */
export class TaskAmountError extends Error {
  override readonly name = "TaskAmountError";
}

/** Digits of a count. */
const MAX_DIGITS = 7;
/** Steps of a ramp. */
const MAX_STEPS = 100;

/**
 * How large the batches are: a count (`5`), a percentage (`25%`), or a ramp (`1,5,25%`), whose last step goes on until all
 * targets had their turn.
 *
 * @throws {TaskAmountError} for anything else, and for batches of nothing.
 */
export function parseBatchSize(text: string): readonly [TaskAmount, ...TaskAmount[]] {
  const parts = text.split(",");
  const remedy = "Use a count (5), a percentage (25%) or steps (1,5,25%)";
  if (parts.length > MAX_STEPS) {
    throw new TaskAmountError(
      `Cannot read a batch size of ${parts.length} steps: at most ${MAX_STEPS} are taken`,
    );
  }
  const [first, ...others] = parts.map((part) => {
    const amount = readAmount(part.trim());
    if (amount !== undefined && !isNothing(amount)) return amount;
    throw new TaskAmountError(
      `Cannot read batch size ${JSON.stringify(text)}: ${JSON.stringify(part.trim())} is no ${
        amount === undefined ? "count or percentage" : "size"
      }. ${remedy}`,
    );
  });
  if (first === undefined) throw new Error("unreachable: a split text has a first part");
  return [first, ...others];
}

/**
 * How many targets may fail: a count (`2`) or a percentage (`10%`). With more the run is aborted, so that `0` aborts it at
 * the first failure.
 *
 * @throws {TaskAmountError} for anything else.
 */
export function parseMaxFailures(text: string): TaskAmount {
  const amount = readAmount(text.trim());
  if (amount !== undefined) return amount;
  throw new TaskAmountError(
    `Cannot read ${
      JSON.stringify(text)
    } as a number of failures. Use a count (2) or a percentage (10%)`,
  );
}

/** Whether so many failures among `targets` are more than allowed. */
export function isOverLimit(failures: number, limit: TaskAmount, targets: number): boolean {
  return limit.kind === "count" ? failures > limit.count : failures * 100 > limit.percent * targets;
}

/** Targets of a batch: a percentage is rounded up, and no batch is empty. */
export function sizeOf(amount: TaskAmount, targets: number): number {
  const size = amount.kind === "count" ? amount.count : Math.ceil(targets * amount.percent / 100);
  return Math.max(1, size);
}

function readAmount(text: string): TaskAmount | undefined {
  const [, digits, sign] = /^(\d+)(%?)$/.exec(text) ?? [];
  if (digits === undefined || digits.length > MAX_DIGITS) return undefined;
  const number = Number(digits);
  if (sign !== "%") return { kind: "count", count: number };
  return number > 100 ? undefined : { kind: "percent", percent: number };
}

function isNothing(amount: TaskAmount): boolean {
  return amount.kind === "count" ? amount.count === 0 : amount.percent === 0;
}
