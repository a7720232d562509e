/** Work that is done again and again until it is stopped. */
export interface Repeating {
  /** Starts no further turn and waits for the one that runs. */
  stop(): Promise<void>;
}

/**
 * Does `work` every `intervalMs`, never twice at a time: a turn that is due while another runs is left out.
 *
 * @param onFailure is told what a turn threw; the next one comes all the same.
 */
export function repeat(
  intervalMs: number,
  work: () => Promise<unknown>,
  onFailure: (error: unknown) => void,
): Repeating {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= work().then(() => {}, onFailure).finally(() => running = undefined);
  }, intervalMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
