/** Preloaded into a program by tests: its clock goes wrong by so many milliseconds, which needs no right to set the machine's. */
const offsetMs = Number(Deno.env.get("VIGO_TEST_CLOCK_OFFSET_MS"));
const now = Date.now;
Date.now = () => now() + offsetMs;
