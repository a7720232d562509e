import { type HostnameParams, hostnameSchema } from "../../shared/config/resources/hostname.ts";
import { readOptional, replaceText } from "./system_file.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  type ResourceType,
  unknown,
} from "./resource.ts";

/** hostname(5) knows one name and comments. */
const MAX_FILE_BYTES = 64 * 1024;

/** What the machine calls itself: the kernel's name now, and `/etc/hostname` for the next start. */
export const hostname: ResourceType<HostnameParams> = {
  type: "hostname",
  schema: hostnameSchema,
  check,
  apply,
};

async function check({ name }: HostnameParams, context: ApplyContext): Promise<Finding> {
  const kernel = context.host.hostname;
  if (!kernel.ok) return unknown(kernel.reason);
  const current = await kernel.provider.read();
  const kept = await readKept(context);
  return differences([
    ...(current === name ? [] : [`hostname: ${current} → ${name}`]),
    ...(kept === name ? [] : [`${pathOf(context)}: ${kept ?? "absent"} → ${name}`]),
  ]);
}

async function apply({ name }: HostnameParams, context: ApplyContext): Promise<Change> {
  const kernel = context.host.hostname;
  if (!kernel.ok) throw new Error(kernel.reason);
  // The file first: a name that the kernel alone has is lost with the next start, and nobody would know why.
  if (await readKept(context) !== name) await replaceText(pathOf(context), `${name}\n`, context);
  if (await kernel.provider.read() !== name) await kernel.provider.write(name);
  return "updated";
}

/** The first line that is neither empty nor a comment. */
async function readKept(context: ApplyContext): Promise<string | undefined> {
  const text = await readOptional(pathOf(context), MAX_FILE_BYTES, context);
  return text?.split("\n").map((line) => line.trim()).find((line) => !/^(#|$)/.test(line));
}

function pathOf({ etcFolder }: ApplyContext): string {
  return `${etcFolder}/hostname`;
}
