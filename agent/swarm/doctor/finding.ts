/** One thing that was found: `ok`, a `note` that is nobody's fault, or a `problem` that is in the way. */
export interface Finding {
  readonly level: "ok" | "note" | "problem";
  /** A name for programs that does not change with the words. */
  readonly code: string;
  readonly text: string;
  /** What to do about it, for a problem. */
  readonly remedy?: string;
}

export function ok(code: string, text: string): Finding {
  return { level: "ok", code, text };
}

export function note(code: string, text: string): Finding {
  return { level: "note", code, text };
}

export function problem(code: string, text: string, remedy: string): Finding {
  return { level: "problem", code, text, remedy };
}

/** As an operator opens a port; the example of that name does it for a fleet. */
export function allow(protocol: "TCP" | "UDP", port: number, where: string): string {
  return `allow ${protocol} ${port} ${where} (the swarm-firewall example does)`;
}
