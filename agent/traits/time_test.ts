import assert from "node:assert/strict";
import fc from "fast-check";
import { fakeSystem } from "./fake_system.ts";
import { offsetMinutes, time } from "./time.ts";

const { signal } = new AbortController();

Deno.test("the zone is where the link leads, on both systems", async () => {
  for (const folder of ["../usr/share/zoneinfo", "/var/db/timezone/zoneinfo"]) {
    const system = fakeSystem({ links: { "/etc/localtime": `${folder}/Asia/Kolkata` } });
    assert.deepEqual(await time.collect(system, signal), {
      timezone: "Asia/Kolkata",
      utc_offset_minutes: 330,
    });
  }
});

Deno.test("without a link the zone is what Debian writes down, and a set clock is told", async () => {
  const system = fakeSystem({
    files: { "/etc/timezone": "Etc/UTC\n", "/run/systemd/timesync/synchronized": "" },
  });
  assert.deepEqual(await time.collect(system, signal), {
    timezone: "Etc/UTC",
    utc_offset_minutes: 0,
    synchronized: true,
  });
});

Deno.test("the offset follows the season and a name that is no zone has none", () => {
  assert.equal(offsetMinutes("Europe/Berlin", new Date("2026-01-15")), 60);
  assert.equal(offsetMinutes("Europe/Berlin", new Date("2026-07-15")), 120);
  assert.equal(offsetMinutes("America/St_Johns", new Date("2026-01-15")), -210);
  assert.equal(offsetMinutes("Atlantis/Poseidonis", new Date()), undefined);
  fc.assert(fc.property(fc.string(), (name) => {
    offsetMinutes(name, new Date(0));
  }));
});
