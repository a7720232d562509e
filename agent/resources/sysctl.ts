import {
  type SysctlParams,
  sysctlParts,
  sysctlSchema,
} from "../../shared/config/resources/sysctl.ts";
import { readOptional, replaceText } from "./system_file.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  IN_SYNC,
  type ResourceType,
  unknown,
} from "./resource.ts";

/** It holds one line and a comment. */
const MAX_FILE_BYTES = 64 * 1024;

/**
 * A parameter of the kernel: its value now, and a file of its own in `/etc/sysctl.d` for the next start. The file's name
 * sorts behind those that distributions bring, so that it has the last word.
 */
export const sysctl: ResourceType<SysctlParams> = {
  type: "sysctl",
  schema: sysctlSchema,
  check,
  apply,
};

async function check(params: SysctlParams, context: ApplyContext): Promise<Finding> {
  const { kernelParameters } = context.host;
  const parts = sysctlParts(params.key);
  const path = fileOf(parts, context);
  const kept = await readOptional(path, MAX_FILE_BYTES, context);
  if (params.ensure === "absent") {
    return kept === undefined ? IN_SYNC : differences([`${path}: ${parseKept(kept)} → absent`]);
  }
  if (!kernelParameters.ok) return unknown(kernelParameters.reason);
  const current = await kernelParameters.provider.read(parts);
  if (current === undefined) {
    return unknown(`this kernel has no parameter "${params.key}"; is its module loaded?`);
  }
  const wanted = normalise(String(params.value));
  const differs = normalise(current) !== wanted;
  if (differs && await cutsServerOff(parts, wanted, context)) {
    return unknown(
      `"${params.key}" would end the agent's connection to its server, which is over IPv6`,
    );
  }
  return differences([
    ...(differs ? [`${params.key}: ${normalise(current)} → ${wanted}`] : []),
    ...(kept === renderFile(parts, wanted)
      ? []
      : [`${path}: ${kept === undefined ? "absent" : parseKept(kept)} → ${wanted}`]),
  ]);
}

async function apply(params: SysctlParams, context: ApplyContext): Promise<Change> {
  const { kernelParameters } = context.host;
  const parts = sysctlParts(params.key);
  const path = fileOf(parts, context);
  if (params.ensure === "absent") {
    await context.snapshots.keep(path);
    await context.files.removeFile(path);
    return "deleted";
  }
  if (!kernelParameters.ok) throw new Error(kernelParameters.reason);
  const wanted = normalise(String(params.value));
  // The kernel first: a value that it refuses must not wait in a file for the next start.
  if (normalise(await kernelParameters.provider.read(parts) ?? "") !== wanted) {
    await kernelParameters.provider.write(parts, wanted);
  }
  const kept = await readOptional(path, MAX_FILE_BYTES, context);
  const text = renderFile(parts, wanted);
  if (kept === text) return "updated";
  if (await context.files.inspect(folderOf(context)) === undefined) {
    await context.files.makeDirectory(folderOf(context), 0o755);
  }
  await replaceText(path, text, context);
  return kept === undefined ? "created" : "updated";
}

/** Lists of numbers stand with tabs in the kernel and with blanks in stacks. */
function normalise(value: string): string {
  return value.trim().replaceAll(/\s+/g, " ");
}

function folderOf({ etcFolder }: ApplyContext): string {
  return `${etcFolder}/sysctl.d`;
}

function fileOf(parts: readonly string[], context: ApplyContext): string {
  return `${folderOf(context)}/99-vigo-${parts.join(".")}.conf`;
}

/** Written with "/", which sysctl.d(5) takes for every name, also for one with a dot in it. */
function renderFile(parts: readonly string[], value: string): string {
  return `# Kept by Vigo.\n${parts.join("/")} = ${value}\n`;
}

function parseKept(text: string): string {
  return /^[^#\n=]+=[ \t]*(.*)$/m.exec(text)?.[1] ?? "something else";
}

/** Switching IPv6 off under an agent that needs it would be the last thing that it did. */
async function cutsServerOff(
  parts: readonly string[],
  wanted: string,
  { host }: ApplyContext,
): Promise<boolean> {
  const isSwitch = parts.join("/").startsWith("net/ipv6/conf/") &&
    parts.at(-1) === "disable_ipv6";
  return isSwitch && wanted !== "0" && await host.managementLink.usesIpv6();
}
