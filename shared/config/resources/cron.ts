import { z } from "zod";
import { cronSchedule } from "./cron_schedule.ts";
import { absent, accountName, ensureOneOf, onlyWhenPresent, present } from "./parameters.ts";

/** Longest command, in characters: a line of crontab(5) has 998 in Debian's cron, schedule and user included. */
const MAX_COMMAND_LENGTH = 900;
const NAME_HINT =
  'expected letters, digits, "_" and "-", like "backup": cron passes over other files';
const COMMAND_HINT = "expected a command on one line";
const VARIABLE_HINT = "expected a name like PATH";
const VALUE_HINT = "expected one line of text without both kinds of quotes";

const name = z.string({ error: NAME_HINT }).max(100).regex(/^[A-Za-z0-9_-]+$/, NAME_HINT);

/** A job of cron, in a file of its own in `/etc/cron.d`. */
export const cronSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: present,
    name,
    command: z.string({ error: COMMAND_HINT }).min(1, COMMAND_HINT).max(MAX_COMMAND_LENGTH)
      .regex(/^[^\n\r\0]*$/, COMMAND_HINT),
    schedule: cronSchedule,
    /** Whom it runs as. */
    user: accountName.default("root"),
    /** Variables like MAILTO and PATH. */
    environment: z.record(
      z.string().max(256).regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
      z.string({ error: VALUE_HINT }).max(900).regex(
        /^(?:[^"\n\r\0]*|[^'\n\r\0]*)$/,
        VALUE_HINT,
      ),
      {
        error: ({ code }) => code === "invalid_key" ? VARIABLE_HINT : "expected variables by name",
      },
    ).default({}),
  }),
  z.strictObject({ ensure: absent, name }, onlyWhenPresent),
], ensureOneOf("present", "absent"));

export type CronParams = z.infer<typeof cronSchema>;
