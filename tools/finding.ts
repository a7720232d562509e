/** Something a check found wrong, with its place. */
export interface Finding {
  /** Path relative to the repository. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** `file:line: message`, which terminals and editors make clickable. */
export function formatFinding({ file, line, message }: Finding): string {
  return `${file}:${line}: ${message}`;
}
