import assert from "node:assert/strict";
import { formatBsd } from "./set_system_clock.ts";

Deno.test("BSD date gets month, day, hour, minute, year and second in UTC", () => {
  assert.equal(formatBsd(new Date(Date.UTC(2026, 0, 2, 3, 4, 5))), "010203042026.05");
});
