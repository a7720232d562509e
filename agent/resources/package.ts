import { type PackageParams, packageSchema } from "../../shared/config/resources/package.ts";
import type { PackageState } from "../system/packages/package_provider.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  type ResourceType,
  unknown,
} from "./resource.ts";

/** Packages of the machine's package manager, all of one resource in one transaction. */
export const packageResource: ResourceType<PackageParams> = {
  type: "package",
  schema: packageSchema,
  check,
  apply,
};

async function check(params: PackageParams, { packages }: ApplyContext): Promise<Finding> {
  const choice = await packages.choose(params.provider);
  if (!choice.ok) return unknown(choice.reason);
  const names = namesOf(params);
  const look = async (withCandidates: boolean) => {
    const states = await choice.provider.query(names, { withCandidates });
    return names.flatMap((name) => describe(name, states.get(name), params));
  };
  const isLatest = params.ensure === "latest";
  const found = await look(isLatest);
  // What would be installed is worth the longer look only when something would.
  return differences(found.length === 0 || isLatest ? found : await look(true));
}

async function apply(params: PackageParams, { packages }: ApplyContext): Promise<Change> {
  const choice = await packages.choose(params.provider);
  if (!choice.ok) throw new Error(choice.reason);
  const { provider } = choice;
  const names = namesOf(params);
  const states = await provider.query(names, { withCandidates: params.ensure === "latest" });
  if (params.ensure === "absent") {
    await provider.remove(names.filter((name) => states.get(name)?.installed !== undefined));
    return "deleted";
  }
  const lacking = names.filter((name) => !isVersionWanted(states.get(name), params));
  if (lacking.length > 0) {
    const version = params.ensure === "present" ? params.version : undefined;
    await provider.install(lacking, version === undefined ? {} : { version });
  }
  const { hold } = params;
  const unheld = names.filter((name) => hold !== undefined && states.get(name)?.held !== hold);
  if (hold !== undefined && unheld.length > 0) await provider.setHold(unheld, hold);
  return lacking.some((name) => states.get(name)?.installed === undefined) ? "created" : "updated";
}

function namesOf({ name }: PackageParams): readonly string[] {
  return typeof name === "string" ? [name] : name;
}

function isVersionWanted(state: PackageState | undefined, params: PackageParams): boolean {
  if (params.ensure === "absent") return state?.installed === undefined;
  if (state?.installed === undefined) return false;
  if (params.ensure === "latest") return state.installed === (state.candidate ?? state.installed);
  return params.version === undefined || state.installed === params.version;
}

function describe(
  name: string,
  state: PackageState | undefined,
  params: PackageParams,
): readonly string[] {
  const lines: string[] = [];
  if (!isVersionWanted(state, params)) {
    lines.push(`${name}: ${state?.installed ?? "absent"} → ${wantedVersion(state, params)}`);
  }
  if (params.ensure !== "absent" && params.hold !== undefined) {
    const held = state?.held ?? false;
    if (held !== params.hold) lines.push(`${name}: hold ${held} → ${params.hold}`);
  }
  return lines;
}

function wantedVersion(state: PackageState | undefined, params: PackageParams): string {
  if (params.ensure === "absent") return "absent";
  const version = params.ensure === "present" ? params.version : undefined;
  return version ?? state?.candidate ?? "installed";
}
