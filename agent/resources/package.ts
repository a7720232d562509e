import { type PackageParams, packageSchema } from "../../shared/config/resources/package.ts";
import type {
  PackageProvider,
  PackageState,
  QueryOptions,
} from "../system/packages/package_provider.ts";
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
  const { provider } = choice;
  const names = namesOf(params);
  const look = async (candidates: QueryOptions["candidates"]) => {
    const states = await provider.query(names, {
      candidates,
      withHolds: holdOf(params) !== undefined,
    });
    const obstacle = findObstacle(names, states, params, provider);
    if (obstacle !== undefined) return { obstacle, lines: [] };
    return { lines: names.flatMap((name) => describe(name, states.get(name), params, provider)) };
  };
  const isLatest = params.ensure === "latest";
  const first = await look(isLatest ? "fresh" : "none");
  // What would be installed is worth the longer look only when something would.
  const { obstacle, lines } = first.lines.length === 0 || isLatest ? first : await look("known");
  return obstacle === undefined ? differences(lines) : unknown(obstacle);
}

async function apply(params: PackageParams, { packages }: ApplyContext): Promise<Change> {
  const choice = await packages.choose(params.provider);
  if (!choice.ok) throw new Error(choice.reason);
  const { provider } = choice;
  const names = namesOf(params);
  const states = await provider.query(names, {
    candidates: params.ensure === "latest" ? "known" : "none",
    withHolds: false,
  });
  if (params.ensure === "absent") {
    await provider.remove(names.filter((name) => !isGone(states.get(name))));
    return "deleted";
  }
  const lacking = names.filter((name) => !isVersionWanted(states.get(name), params, provider));
  if (lacking.length > 0) {
    const version = versionOf(params);
    await provider.install(lacking, version === undefined ? {} : { version });
  }
  await applyHold(names, params.hold, provider);
  return lacking.some((name) => states.get(name)?.installed === undefined) ? "created" : "updated";
}

/** Looks again at what is held: with some managers an installation changes it. */
async function applyHold(
  names: readonly string[],
  hold: boolean | undefined,
  provider: PackageProvider,
): Promise<void> {
  if (hold === undefined) return;
  const states = await provider.query(names, { candidates: "none", withHolds: true });
  const others = names.filter((name) => states.get(name)?.held !== hold);
  if (others.length > 0) await provider.setHold(others, hold);
}

function namesOf({ name }: PackageParams): readonly string[] {
  return typeof name === "string" ? [name] : name;
}

function versionOf(params: PackageParams): string | undefined {
  return params.ensure === "present" ? params.version : undefined;
}

function holdOf(params: PackageParams): boolean | undefined {
  return params.ensure === "absent" ? undefined : params.hold;
}

function isGone(state: PackageState | undefined): boolean {
  return state?.installed === undefined && state?.halfInstalled !== true;
}

function isVersionWanted(
  state: PackageState | undefined,
  params: PackageParams,
  provider: PackageProvider,
): boolean {
  if (params.ensure === "absent") return isGone(state);
  if (state?.installed === undefined) return false;
  if (params.ensure === "latest") return state.installed === (state.candidate ?? state.installed);
  return params.version === undefined || provider.isVersion(state.installed, params.version);
}

/** What this package manager has no way to bring about, though another has. */
function findObstacle(
  names: readonly string[],
  states: ReadonlyMap<string, PackageState>,
  params: PackageParams,
  provider: PackageProvider,
): string | undefined {
  const hold = holdOf(params);
  const version = versionOf(params);
  for (const name of names) {
    const state = states.get(name);
    if (hold !== undefined && state?.held !== hold && provider.cannotHold !== undefined) {
      return `${name} cannot be ${hold ? "held" : "released"}: ${provider.cannotHold}`;
    }
    if (version === undefined || provider.cannotChooseVersion === undefined) continue;
    const { installed, candidate } = state ?? {};
    if (installed !== undefined && provider.isVersion(installed, version)) continue;
    if (candidate !== undefined && !provider.isVersion(candidate, version)) {
      return `${name} ${version} cannot be had, ${candidate} can: ${provider.cannotChooseVersion}`;
    }
  }
  return undefined;
}

function describe(
  name: string,
  state: PackageState | undefined,
  params: PackageParams,
  provider: PackageProvider,
): readonly string[] {
  const lines: string[] = [];
  if (!isVersionWanted(state, params, provider)) {
    const found = state?.installed ?? (state?.halfInstalled ? "half installed" : "absent");
    lines.push(`${name}: ${found} → ${wantedVersion(state, params)}`);
  }
  const hold = holdOf(params);
  const held = state?.held ?? false;
  if (hold !== undefined && held !== hold) lines.push(`${name}: hold ${held} → ${hold}`);
  return lines;
}

function wantedVersion(state: PackageState | undefined, params: PackageParams): string {
  if (params.ensure === "absent") return "absent";
  return versionOf(params) ?? state?.candidate ?? "installed";
}
