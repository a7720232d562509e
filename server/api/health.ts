/** A certificate whose end an operator must hear of in time. */
export interface CertificateExpiry {
  readonly name: string;
  readonly notAfterMs: number;
}

/** What `/readyz` answers. */
export interface HealthReport {
  readonly ready: boolean;
  /** Why not, one line each. */
  readonly problems: readonly string[];
  /** What will be a problem. */
  readonly warnings: readonly string[];
}

/** One thing that must work for the server to be of use: `undefined` when it does, else why not. */
export type HealthCheck = () => Promise<string | undefined>;

/** Certificates are warned of this long before their end. */
export const EXPIRY_WARNING_MS = 30 * 86_400_000;

/** Looks at everything the server needs. */
export class HealthChecks {
  readonly #checks: readonly HealthCheck[];
  readonly #certificates: () => readonly CertificateExpiry[];
  readonly #now: () => number;

  constructor(
    checks: readonly HealthCheck[],
    certificates: () => readonly CertificateExpiry[],
    now: () => number,
  ) {
    this.#checks = checks;
    this.#certificates = certificates;
    this.#now = now;
  }

  async report(): Promise<HealthReport> {
    const nowMs = this.#now();
    const problems = (await Promise.all(this.#checks.map((check) => check())))
      .filter((problem) => problem !== undefined);
    const warnings: string[] = [];
    for (const { name, notAfterMs } of this.#certificates()) {
      const end = new Date(notAfterMs).toISOString();
      if (notAfterMs <= nowMs) problems.push(`${name} expired at ${end}`);
      else if (notAfterMs - nowMs <= EXPIRY_WARNING_MS) {
        const days = Math.floor((notAfterMs - nowMs) / 86_400_000);
        warnings.push(`${name} expires in ${days} days, at ${end}`);
      }
    }
    return { ready: problems.length === 0, problems, warnings };
  }
}
