import { z } from "zod";
import { ensureOneOf } from "./parameters.ts";

/** Package managers; each has one file on the agent. Without a choice the agent takes the one it finds. */
export const PACKAGE_PROVIDERS = ["apt", "dnf", "yum", "apk", "pacman", "zypper", "brew"] as const;

export type PackageProviderName = typeof PACKAGE_PROVIDERS[number];

/** Most packages in one resource: one transaction of the package manager installs them all. */
const MAX_PACKAGES = 500;

const NAME_HINT = 'expected a package name like "nginx"';
const packageName = z.string({ error: NAME_HINT }).max(256).regex(
  // The first character keeps a name from being read as an option.
  /^[A-Za-z0-9][A-Za-z0-9@+._:/-]*$/,
  NAME_HINT,
);

const packageNames = z.union([
  packageName,
  z.array(packageName).min(1).max(MAX_PACKAGES).refine(
    (names) => new Set(names).size === names.length,
    "expected each package once",
  ),
], { error: "expected a package name, or a list of them" });

const provider = z.enum(PACKAGE_PROVIDERS).optional();
/** Whether upgrades are held back; what is not given stays as it is. */
const hold = z.boolean().optional();

/** One package or several, installed, kept at the newest version the sources offer, or gone. */
export const packageSchema = z.discriminatedUnion("ensure", [
  z.strictObject({
    ensure: z.literal("present").optional().default("present"),
    name: packageNames,
    /** Exactly this version, as the package manager writes it. */
    version: z.string().max(256).regex(
      /^[A-Za-z0-9][A-Za-z0-9.+:~_-]*$/,
      'expected a version like "1.24.0-1~deb12u1"',
    ).optional(),
    hold,
    provider,
  }).superRefine((wanted, context) => {
    if (wanted.version !== undefined && typeof wanted.name !== "string") {
      context.addIssue({
        code: "custom",
        path: ["version"],
        message: "cannot be combined with a list of packages: give each its own resource",
      });
    }
  }),
  z.strictObject({ ensure: z.literal("latest"), name: packageNames, hold, provider }, {
    error: (issue) =>
      issue.code === "unrecognized_keys" && issue.keys.includes("version")
        ? '"version" cannot be combined with ensure: latest'
        : undefined,
  }),
  z.strictObject({ ensure: z.literal("absent"), name: packageNames, provider }, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `${issue.keys.map((key) => `"${key}"`).join(", ")} cannot be combined with ensure: absent`
        : undefined,
  }),
], ensureOneOf("present", "latest", "absent"));

export type PackageParams = z.infer<typeof packageSchema>;
