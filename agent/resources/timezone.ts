import { type TimezoneParams, timezoneSchema } from "../../shared/config/resources/timezone.ts";
import { inTheWay } from "./ownership.ts";
import { readOptional, replaceText } from "./system_file.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  type ResourceType,
  unknown,
} from "./resource.ts";

/** It holds one name. */
const MAX_FILE_BYTES = 4096;

/**
 * The time zone: where `/etc/localtime` points, and what `/etc/timezone` says on systems that have it (Debian's packages
 * read it). Programs that already run keep the zone that they started with.
 */
export const timezone: ResourceType<TimezoneParams> = {
  type: "timezone",
  schema: timezoneSchema,
  check,
  apply,
};

async function check({ name }: TimezoneParams, context: ApplyContext): Promise<Finding> {
  const { zoneinfo } = context.host;
  const etc = context.etcFolder;
  if (!zoneinfo.ok) return unknown(zoneinfo.reason);
  const zone = `${zoneinfo.provider}/${name}`;
  if (await context.files.inspect(zone) === undefined) {
    return unknown(`there is no time zone "${name}" in ${zoneinfo.provider}; install tzdata`);
  }
  const link = await context.files.inspect(`${etc}/localtime`);
  if (link?.kind === "directory" || link?.kind === "other") {
    return unknown(inTheWay(`${etc}/localtime`, link, "a symbolic link"));
  }
  const current = link?.kind === "symlink"
    ? zoneOf(link.target, zoneinfo.provider)
    : link && "a copy";
  const named = await readOptional(`${etc}/timezone`, MAX_FILE_BYTES, context);
  return differences([
    ...(current === name ? [] : [`${etc}/localtime: ${current ?? "absent"} → ${name}`]),
    ...(named === undefined || named.trim() === name
      ? []
      : [`${etc}/timezone: ${named.trim()} → ${name}`]),
  ]);
}

async function apply({ name }: TimezoneParams, context: ApplyContext): Promise<Change> {
  const { zoneinfo } = context.host;
  const etc = context.etcFolder;
  if (!zoneinfo.ok) throw new Error(zoneinfo.reason);
  const target = `${zoneinfo.provider}/${name}`;
  const link = await context.files.inspect(`${etc}/localtime`);
  if (link?.kind !== "symlink" || link.target !== target) {
    await context.snapshots.keep(`${etc}/localtime`);
    await context.files.writeSymlink(`${etc}/localtime`, target);
  }
  const named = await readOptional(`${etc}/timezone`, MAX_FILE_BYTES, context);
  if (named !== undefined && named.trim() !== name) {
    await replaceText(`${etc}/timezone`, `${name}\n`, context);
  }
  return "updated";
}

/** The name of the zone that a link leads to; links may be relative, and lead elsewhere. */
function zoneOf(target: string, zoneinfo: string): string {
  for (const folder of [`${zoneinfo}/`, `..${zoneinfo}/`]) {
    if (target.startsWith(folder)) return target.slice(folder.length);
  }
  return target;
}
