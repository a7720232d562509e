import type { WrapCost } from "../../shared/puddle/wrapped_identity.ts";

/** The least that Argon2id does, for tests: the same code, in a millisecond. */
export const CHEAP_COST: WrapCost = { memoryKib: 8, iterations: 1, parallelism: 1 };
