import { Manifest } from "../../shared/swarm/manifest.ts";
import type { Prng } from "./prng.ts";
import type { Scheduled } from "./virtual_time.ts";
import type { Machine, World } from "./world.ts";

/** One run of the process of a machine: what its parts share, and what ends with it. */
export class Process {
  readonly manifest: Manifest;
  /** Changes with each start. */
  readonly instance: string;
  readonly random: () => number;
  #isOver = false;

  constructor(readonly machine: Machine, readonly world: World, random: Prng) {
    this.manifest = new Manifest(world.trust());
    this.instance = Array.from({ length: 16 }, () => random.below(16).toString(16)).join("");
    this.random = random.next;
  }

  readonly nowMs = (): number => this.world.time.nowMs;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing of it happens any more. */
  end(): void {
    this.#isOver = true;
  }

  /** Has something happen later, unless the process has ended by then. */
  after(delayMs: number, run: () => void): Scheduled {
    return this.world.time.after(delayMs, () => {
      if (!this.#isOver) run();
    });
  }

  /** Has something happen again and again, for the first time within a second. */
  repeat(pauseMs: number, run: () => void): void {
    const next = () => {
      run();
      this.after(pauseMs, next);
    };
    this.after(this.random() * 1_000, next);
  }
}
