import assert from "node:assert/strict";
import { cronSchedule } from "./cron_schedule.ts";

const GOOD = [
  "* * * * *",
  "*/15 8-18 * * mon-fri",
  "0,30 0-23/2 1 JAN,jul 0",
  "59 23 31 12 7",
  "5\t4 * * sun",
  "0 0 * * 1-7",
  "@reboot",
  "@annually",
];
const BAD: readonly [string, RegExp][] = [
  ["", /expected five fields/],
  ["* * * *", /expected five fields/],
  ["* * * * * *", /expected five fields/],
  ["@every 5m", /expected five fields/],
  ["60 * * * *", /the minute is "60": expected \*, numbers from 0 to 59/],
  ["* 24 * * *", /the hour is "24"/],
  ["* * 0 * *", /the day of the month is "0"/],
  ["* * * 13 *", /the month is "13"/],
  ["* * * * 8", /the day of the week is "8"/],
  ["* * * mon *", /the month is "mon"/],
  ["*/0 * * * *", /the minute is "\*\/0"/],
  ["5/10 * * * *", /the minute is "5\/10"/],
  ["30-10 * * * *", /the minute is "30-10"/],
  ["1,,2 * * * *", /the minute is "1,,2"/],
  ["-5 * * * *", /the minute is "-5"/],
  ["1.5 * * * *", /the minute/],
  ["0 0 * * *\nroot rm", /expected five fields|day of the week/],
];

Deno.test("what every cron reads is accepted", () => {
  for (const text of GOOD) assert.equal(cronSchedule.parse(text), text);
});

for (const [text, expected] of BAD) {
  Deno.test(`the schedule ${JSON.stringify(text)} is refused with what is wrong`, () => {
    const issue = cronSchedule.safeParse(text).error?.issues[0];
    assert.match(issue?.message ?? "accepted", expected);
  });
}
