/**
 * Loaded before every test file: properties are tried with the same inputs in every run, so that a run which fails says
 * something of the change it ran on. `VIGO_TEST_SEED=random` looks further, and `VIGO_TEST_SEED=<number>` replays a find.
 *
 * @module
 */
import fc from "fast-check";

const DEFAULT_SEED = 1531;

const wanted = Deno.env.get("VIGO_TEST_SEED") ?? String(DEFAULT_SEED);
if (wanted !== "random") {
  const seed = Number(wanted);
  if (!Number.isInteger(seed)) {
    throw new RangeError(`Cannot test with VIGO_TEST_SEED="${wanted}": want a number or "random"`);
  }
  fc.configureGlobal({ seed });
}
