import { z } from "zod";

/** `0` (for ever), `<n>h` or `<n>d`, as it stands in a `.swarm` file. */
export const RETENTION_PATTERN = /^(?:0|([1-9][0-9]{0,5})([hd]))$/;

/** Reads a retention as seconds; 0 keeps for ever, `undefined` means that it is not written as one. */
export function parseRetention(text: string): number | undefined {
  const match = RETENTION_PATTERN.exec(text);
  if (!match) return undefined;
  const [, count, unit] = match;
  if (count === undefined) return 0;
  return Number(count) * (unit === "h" ? 3_600 : 86_400);
}

/** Longest `.swarm` file that is read, in bytes: a target spec of 4,096 characters and some room. */
export const MAX_SWARM_FILE_BYTES = 32 * 1024;

function requiredText({ input }: { readonly input: unknown }): string {
  return input === undefined ? "missing; target and retention are both required" : "expected text";
}

/** What stands in the `.swarm` file beside a seed; both members are required. */
export const swarmFileSchema = z.strictObject({
  target: z.string({ error: requiredText }).min(1, {
    error: "expected a target; * is every machine",
  })
    .max(4096),
  retention: z.string({ error: requiredText }).refine(
    (text) => parseRetention(text) !== undefined,
    {
      error: "expected 0, <n>h or <n>d",
    },
  ),
});

export type SwarmFile = z.infer<typeof swarmFileSchema>;
