import { z } from "zod";

/** The body of every answer whose status is not 2xx. */
export const errorSchema = z.object({ message: z.string() });
export type ErrorBody = z.infer<typeof errorSchema>;
