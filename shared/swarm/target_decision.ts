import { parseTargetSpec, type TargetSpec } from "../targeting/target_spec.ts";
import { TargetSpecError } from "../targeting/target_spec_error.ts";
import type { TargetSubject } from "../targeting/target_subject.ts";

/** Parsed specs that are kept: a manifest names the same few again and again. */
const MAX_CACHED_SPECS = 500;

/** Judges by itself whether an envoy is a target of a blob. */
export class TargetDecision {
  readonly #specs = new Map<string, TargetSpec | "unreadable">();

  /** A spec that cannot be read targets nobody; `isReadable` tells the two apart. */
  isTarget(spec: string, subject: TargetSubject): boolean {
    const parsed = this.#parse(spec);
    return parsed !== "unreadable" && parsed.matches(subject);
  }

  isReadable(spec: string): boolean {
    return this.#parse(spec) !== "unreadable";
  }

  #parse(spec: string): TargetSpec | "unreadable" {
    const known = this.#specs.get(spec);
    if (known) return known;
    if (this.#specs.size >= MAX_CACHED_SPECS) this.#specs.clear();
    let parsed: TargetSpec | "unreadable";
    try {
      parsed = parseTargetSpec(spec);
    } catch (error) {
      if (!(error instanceof TargetSpecError)) throw error;
      parsed = "unreadable";
    }
    this.#specs.set(spec, parsed);
    return parsed;
  }
}
