import { z } from "zod";
import { absent, absolutePath, onlyWhenPresent } from "./parameters.ts";

/** Longest field of fstab(5) that this agent writes. */
const MAX_FIELD_LENGTH = 4095;
const MAX_OPTIONS = 64;

const DEVICE_HINT =
  'expected what is mounted, like "/dev/sdb1", "UUID=…", "tmpfs" or "server:/export"';
const FSTYPE_HINT = 'expected a type of file system, like "ext4", "tmpfs", "nfs" or "none"';
const OPTION_HINT = 'expected an option like "noexec" or "size=64m", without "," and blanks';

const option = z.string({ error: OPTION_HINT }).max(1024).regex(/^[^\s,#\0]+$/, OPTION_HINT);

/** `noexec,size=64m` or a list; without options `defaults`. */
const options = z.union([
  z.string().max(MAX_FIELD_LENGTH).transform((text) => text.split(",")).pipe(
    z.array(option).max(MAX_OPTIONS),
  ),
  z.array(option).min(1).max(MAX_OPTIONS),
], { error: 'expected options like "noexec,nosuid", or a list of them' }).default(["defaults"]);

const device = z.string({ error: DEVICE_HINT }).min(1, DEVICE_HINT).max(MAX_FIELD_LENGTH).regex(
  /^[^\s#\0][^\n\0]*$/,
  DEVICE_HINT,
);
const fstype = z.string({ error: FSTYPE_HINT }).max(64).regex(
  /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
  FSTYPE_HINT,
);

const described = {
  path: absolutePath,
  device,
  fstype,
  options,
  /** Whether dump(8) saves it. */
  dump: z.number().int().min(0).max(9).default(0),
  /** When fsck(8) checks it at boot: 0 never, 1 the root, 2 the rest. */
  pass: z.number().int().min(0).max(9).default(0),
};

/**
 * A line of fstab(5) and what is mounted: `mounted` keeps both, `present` the line alone, `unmounted` keeps the line and
 * nothing mounted, `absent` neither.
 */
export const mountSchema = z.discriminatedUnion("ensure", [
  z.strictObject({ ensure: z.literal("mounted").optional().default("mounted"), ...described }),
  z.strictObject({ ensure: z.literal("present"), ...described }),
  z.strictObject({ ensure: z.literal("unmounted"), ...described }),
  z.strictObject({
    ensure: absent,
    path: absolutePath.refine((path) => path !== "/", 'expected a path other than "/"'),
  }, onlyWhenPresent),
], { error: "expected ensure to be mounted, present, unmounted or absent" });

export type MountParams = z.infer<typeof mountSchema>;
