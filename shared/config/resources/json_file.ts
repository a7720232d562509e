import { z } from "zod";
import { editedFile } from "./parameters.ts";

/** Most places of one file that one resource may name. */
const MAX_POINTERS = 100;
const POINTER_HINT = 'expected a JSON Pointer like "/server/port"';

/** RFC 6901, without the pointer to everything and without `-`, which would append on every run. */
const pointer = z.string({ error: POINTER_HINT }).max(2048).regex(
  /^(?:\/(?!-(?:\/|$))(?:[^~/]|~[01])*)+$/s,
  POINTER_HINT,
);

/** Values in a file of JSON. Comments and trailing commas are understood and kept. */
export const jsonFileSchema = z.strictObject({
  ...editedFile,
  /** Values by their place; objects on the way are made. */
  set: z.record(pointer, z.json(), {
    error: ({ code }) => code === "invalid_key" ? POINTER_HINT : "expected values by JSON Pointer",
  }).default({}),
  /** Members of objects that are not to be there. */
  remove: z.array(pointer).max(MAX_POINTERS).default([]),
}).superRefine(({ set, remove }, context) => {
  const refuse = (parameter: string, message: string) =>
    context.addIssue({ code: "custom", path: [parameter], message });
  const places = [...Object.keys(set), ...remove];
  if (places.length === 0) refuse("set", 'give "set" or "remove", to say what the file is to hold');
  if (places.length > MAX_POINTERS) refuse("set", `names more than ${MAX_POINTERS} places`);
  const sorted = places.map((place) => `${place}/`).sort();
  const clash = sorted.find((place, index) => sorted[index + 1]?.startsWith(place));
  if (clash === undefined) return;
  const where = JSON.stringify(clash.slice(0, -1));
  refuse(
    remove.includes(clash.slice(0, -1)) ? "remove" : "set",
    `${where} is named twice, or holds another place that is named`,
  );
});

export type JsonFileParams = z.infer<typeof jsonFileSchema>;

/** The steps of a pointer. */
export function pointerSteps(text: string): readonly string[] {
  return text.slice(1).split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}
