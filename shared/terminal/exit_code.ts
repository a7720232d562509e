/** The exit statuses of all three programs, as their help and manual state them. */
export const EXIT_CODE = {
  /** Everything that was asked for is done. */
  ok: 0,
  /** It was tried and did not succeed, wholly or for some of the envoys. */
  failed: 1,
  /** The command line or a file it names makes no sense; nothing was tried. */
  usage: 2,
  /** A guardrail said no, and nobody overruled it. */
  refused: 3,
  /** The server, or the local daemon, does not answer. */
  unreachable: 4,
  /** The caller is not known, or may not do this. */
  notPermitted: 5,
  /** Interrupted by Ctrl-C (128 + SIGINT). */
  interrupted: 130,
  /** Ended by SIGTERM (128 + SIGTERM). */
  terminated: 143,
} as const;

export type ExitCode = typeof EXIT_CODE[keyof typeof EXIT_CODE];
