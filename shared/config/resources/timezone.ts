import { z } from "zod";

const NAME_HINT = 'expected a time zone by its name, like "Europe/Berlin" or "UTC"';

/** The time zone of the machine, as the tz database names it. */
export const timezoneSchema = z.strictObject({
  name: z.string({ error: NAME_HINT }).max(128).regex(
    /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z][A-Za-z0-9_+-]*){0,3}$/,
    NAME_HINT,
  ),
});

export type TimezoneParams = z.infer<typeof timezoneSchema>;
