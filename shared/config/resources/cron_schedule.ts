import { z } from "zod";

const HINT =
  'expected five fields, like "*/15 8-18 * * mon-fri", or one of @reboot, @hourly, @daily, @weekly, @monthly, @yearly';

const MACROS: readonly string[] = [
  "@reboot",
  "@hourly",
  "@daily",
  "@midnight",
  "@weekly",
  "@monthly",
  "@yearly",
  "@annually",
];

interface Field {
  readonly name: string;
  readonly lowest: number;
  readonly highest: number;
  /** Names that stand for numbers, from `lowest` on. */
  readonly names?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: "minute", lowest: 0, highest: 59 },
  { name: "hour", lowest: 0, highest: 23 },
  { name: "day of the month", lowest: 1, highest: 31 },
  {
    name: "month",
    lowest: 1,
    highest: 12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  {
    name: "day of the week",
    lowest: 0,
    // Sunday again, so that mon-sun can be written as 1-7.
    highest: 7,
    names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
  },
];

/** When cron starts something: crontab(5), as every cron reads it. */
export const cronSchedule = z.string({ error: HINT }).max(500).superRefine((text, context) => {
  const problem = findProblem(text);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

function findProblem(text: string): string | undefined {
  if (text.startsWith("@")) return MACROS.includes(text) ? undefined : HINT;
  const parts = text.split(/[ \t]+/);
  if (parts.length !== FIELDS.length) return HINT;
  for (const [index, field] of FIELDS.entries()) {
    const part = parts[index] ?? "";
    if (part.split(",").every((item) => isItem(item, field))) continue;
    const { name, lowest, highest } = field;
    return `the ${name} is ${
      JSON.stringify(part)
    }: expected *, numbers from ${lowest} to ${highest}, ranges, lists or steps like */5`;
  }
  return undefined;
}

function isItem(item: string, field: Field): boolean {
  const [, range = "", step] = /^([^/]+)(?:\/(\d{1,4}))?$/.exec(item) ?? [];
  if (step !== undefined && Number(step) === 0) return false;
  if (range === "*") return true;
  const [first = "", last, ...more] = range.split("-");
  const from = valueOf(first, field);
  if (from === undefined || more.length > 0) return false;
  // A step counts through a range; behind one number crons differ.
  if (last === undefined) return step === undefined;
  const to = valueOf(last, field);
  return to !== undefined && from <= to;
}

function valueOf(text: string, { lowest, highest, names = [] }: Field): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named !== -1) return lowest + named;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value >= lowest && value <= highest ? value : undefined;
}
