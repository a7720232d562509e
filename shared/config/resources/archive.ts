import { z } from "zod";
import { absolutePath, accountReference } from "./parameters.ts";

/** Endings by which an archive's format is told, and the formats. */
export const ARCHIVE_FORMATS = {
  ".tar": "tar",
  ".tar.gz": "tar.gz",
  ".tgz": "tar.gz",
  ".tar.xz": "tar.xz",
  ".txz": "tar.xz",
  ".tar.bz2": "tar.bz2",
  ".tbz2": "tar.bz2",
  ".tar.zst": "tar.zst",
  ".zip": "zip",
} as const;

export type ArchiveFormat = typeof ARCHIVE_FORMATS[keyof typeof ARCHIVE_FORMATS];

const FORMATS = [
  "tar",
  "tar.gz",
  "tar.xz",
  "tar.bz2",
  "tar.zst",
  "zip",
] as const satisfies readonly ArchiveFormat[];

/** Longest time a download may take, in seconds. */
const MAX_TIMEOUT_SECONDS = 24 * 60 * 60;

const SOURCE_HINT =
  'expected an absolute path on the envoy, or an address like "https://host/app-1.2.tar.gz"';

const url = z.url({ protocol: /^https?$/, error: SOURCE_HINT }).max(4096).refine(
  (text) => !/^https?:\/\/[^/]*@/.test(text),
  "holds credentials, which everybody could read: put the archive where it needs none",
);

/** What an address or path says about its format by its ending. */
export function archiveFormatOf(source: string): ArchiveFormat | undefined {
  const name = source.startsWith("/") ? source : source.replace(/[?#].*$/s, "");
  const ending = Object.keys(ARCHIVE_FORMATS).sort((a, b) => b.length - a.length)
    .find((candidate) => name.toLowerCase().endsWith(candidate));
  // Proven by the line above: it is a key of the table.
  return ending === undefined ? undefined : ARCHIVE_FORMATS[ending as keyof typeof ARCHIVE_FORMATS];
}

/** The files of an archive below a folder. */
export const archiveSchema = z.strictObject({
  /** The folder; made if it is missing. */
  path: absolutePath,
  source: z.string({ error: SOURCE_HINT }).pipe(
    z.union([absolutePath, url], { error: SOURCE_HINT }),
  ),
  /** Of the archive, as hex. An address needs it. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256 as 64 hex digits in lower case")
    .optional(),
  /** Told by the ending of `source` if it is not given. */
  format: z.enum(FORMATS, { error: `expected format to be ${FORMATS.join(", ")}` }).optional(),
  /** So many leading folders of each name are left out; what has no more than those is left out itself. */
  strip_components: z.number().int().min(0).max(100).default(0),
  /** If this exists, nothing is done, and what was unpacked is not looked at. */
  creates: absolutePath.optional(),
  /** Of everything unpacked; without it the agent's own user and group. */
  owner: accountReference.optional(),
  group: accountReference.optional(),
  /** Seconds for the download. */
  timeout: z.number().int().min(1).max(MAX_TIMEOUT_SECONDS).default(600),
}).superRefine((archive, context) => {
  const refuse = (parameter: string, message: string) =>
    context.addIssue({ code: "custom", path: [parameter], message });
  if (!archive.source.startsWith("/") && archive.sha256 === undefined) {
    refuse("sha256", "is needed for an address: nothing that was not verified is unpacked");
  }
  if (archive.format === undefined && archiveFormatOf(archive.source) === undefined) {
    refuse(
      "format",
      `is needed: the ending of "source" is none of ${Object.keys(ARCHIVE_FORMATS).join(" ")}`,
    );
  }
});

export type ArchiveParams = z.infer<typeof archiveSchema>;
