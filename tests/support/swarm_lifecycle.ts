import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type BlobState, readSwarmState, type SwarmState } from "../../agent/swarm/mirror.ts";
import { SwarmPaths } from "../../agent/swarm/swarm_paths.ts";
import { isSha256, type Sha256, sha256Hex } from "../../shared/crypto/sha256.ts";
import { type FilecastHost, filecastShow } from "../../shared/rest/swarm.ts";
import { Bitmap } from "../../shared/swarm/bitmap.ts";
import { eventually } from "./eventually.ts";
import type { AgentOptions, FleetMachine, NamespacedFleet } from "./namespaced_fleet.ts";

export const MIB = 1024 * 1024;
/** What is seen within a second on an idle machine may take this long on a busy one. */
export const DEADLINE_MS = 180_000;
/** A link so slow that a download of {@linkcode SLOW_BYTES} is caught in the middle. */
const SLOW_MBIT_PER_SECOND = 16;
const FAST_MBIT_PER_SECOND = 10_000;
/** Some 16 s on a slow link. */
export const SLOW_BYTES = 32 * MIB;

/**
 * Steps of one test on one fleet, each beginning where the one before left it. A step that fails quotes what the processes
 * printed last, and is the last one.
 */
export function stepsOn(
  fleet: NamespacedFleet,
  context: Deno.TestContext,
): (name: string, step: () => Promise<void>) => Promise<void> {
  return async (name, step) => {
    const isDone = await context.step(name, () => fleet.explain(step));
    if (!isDone) throw new Error(`The steps after "${name}" were not tried`);
  };
}

/** Enrols machines and starts their daemons. */
export async function startEnvoys(
  fleet: NamespacedFleet,
  envoys: readonly FleetMachine[],
  options?: AgentOptions,
): Promise<void> {
  for (const envoy of envoys) await fleet.enrol(envoy);
  await Promise.all(envoys.map((envoy) => fleet.startAgent(envoy, options)));
}

/** Bytes that do not repeat, so that no two chunks, and no two files of a test, are the same. */
export function freshBytes(sizeBytes: number): Uint8Array {
  return randomBytes(sizeBytes);
}

/** Puts a file with its `.swarm` into `seed/`, the file first, as a person would; answers its SHA-256. */
export async function placeSeed(
  machine: FleetMachine,
  name: string,
  content: Uint8Array,
  wish: { readonly target?: string; readonly retention?: string } = {},
): Promise<Sha256> {
  const path = seedPath(machine, name);
  await Deno.writeFile(path, content);
  await writeWish(machine, name, wish);
  return sha256Hex(content);
}

/** Writes the `.swarm` of a seed. */
export async function writeWish(
  machine: FleetMachine,
  name: string,
  { target = "*", retention = "7d" }: { readonly target?: string; readonly retention?: string },
): Promise<void> {
  await Deno.writeTextFile(
    `${seedPath(machine, name)}.swarm`,
    JSON.stringify({ target, retention }),
  );
}

/** Takes a seed's file and its `.swarm` away. */
export async function takeSeedAway(machine: FleetMachine, name: string): Promise<void> {
  await Deno.remove(seedPath(machine, name));
  await Deno.remove(`${seedPath(machine, name)}.swarm`);
}

export function seedPath({ swarmFolder }: FleetMachine, name: string): string {
  return join(swarmFolder, "seed", name);
}

/** Where the chunks of a download in flight lie. */
export function partialPath({ swarmFolder }: FleetMachine, sha256: Sha256): string {
  return new SwarmPaths(swarmFolder).partial(sha256);
}

/** Where the content of a complete blob lies. */
export function blobPath({ swarmFolder }: FleetMachine, sha256: Sha256): string {
  return new SwarmPaths(swarmFolder).blob(sha256);
}

/** What a machine's `state.json` says of a blob; `undefined` if it does not concern the machine. */
export async function blobOn(machine: FleetMachine, sha256: string) {
  return (await stateOf(machine)).blobs.find((blob) => blob.sha256 === sha256);
}

/** @throws {Error} if the machine has none that can be read. */
export async function stateOf({ swarmFolder }: FleetMachine): Promise<SwarmState> {
  const state = await readSwarmState(swarmFolder);
  if (!state.ok) throw new Error(state.reason);
  return state.value;
}

/** Waits until a machine says this of a blob. */
export function waitForBlob(
  machine: FleetMachine,
  sha256: string,
  status: BlobState["status"],
): Promise<BlobState> {
  return eventually(`${machine.hostname} has ${sha256.slice(0, 8)} ${status}`, async () => {
    const blob = await blobOn(machine, sha256);
    if (blob?.status === status) return blob;
    throw new Error(`it is ${blob?.status}`);
  }, DEADLINE_MS);
}

/** Waits until `files/<label>` of each machine has the wanted content. */
export async function waitForCopies(
  machines: readonly FleetMachine[],
  label: string,
  sha256: string,
): Promise<void> {
  for (const { hostname, swarmFolder } of machines) {
    await eventually(`${hostname} has ${label}`, async () => {
      return sha256Hex(await Deno.readFile(join(swarmFolder, "files", label))) === sha256;
    }, DEADLINE_MS);
  }
}

/** Waits until nothing of a blob is left on the machines: neither content, whole or in part, nor a link to it. */
export async function waitUntilGone(
  machines: readonly FleetMachine[],
  sha256: Sha256,
): Promise<void> {
  for (const { hostname, swarmFolder } of machines) {
    await eventually(`${hostname} has nothing of ${sha256.slice(0, 8)}`, async () => {
      const left = await namesOf(join(swarmFolder, ".blobs"), sha256);
      if (left.length > 0) throw new Error(`there is ${left}`);
      return !(await linksTo(swarmFolder)).includes(sha256);
    }, DEADLINE_MS);
  }
}

async function namesOf(folder: string, beginning: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  return names.filter((name) => name.startsWith(beginning));
}

/** Digests that the links of `files/` lead to. */
async function linksTo(swarmFolder: string): Promise<string[]> {
  const folder = join(swarmFolder, "files");
  const digests: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const digest = (await Deno.readLink(join(folder, name))).split("/").at(-1) ?? "";
    if (isSha256(digest)) digests.push(digest);
  }
  return digests;
}

/** Waits until a machine's check-in was answered once more. */
export async function nextCheckIn(machine: FleetMachine): Promise<void> {
  const { lastCheckinMs } = await stateOf(machine);
  await eventually(
    `${machine.hostname} checks in`,
    async () => (await stateOf(machine)).lastCheckinMs !== lastCheckinMs,
    DEADLINE_MS,
  );
}

/** Makes everything that a machine sends or hears slow; see {@linkcode waitUntilUnderWay}. */
export async function slowDown({ host }: FleetMachine): Promise<void> {
  await host.limitBandwidth(SLOW_MBIT_PER_SECOND);
}

export async function speedUp({ host }: FleetMachine): Promise<void> {
  await host.limitBandwidth(FAST_MBIT_PER_SECOND);
}

/** Waits until a machine has durably some chunks of a blob that is in flight; answers how many. */
export function waitUntilUnderWay(machine: FleetMachine, sha256: Sha256): Promise<number> {
  return eventually(`${machine.hostname} has a part of ${sha256.slice(0, 8)}`, async () => {
    const count = await durableChunks(machine, sha256);
    return count >= 3 && count;
  }, DEADLINE_MS);
}

/** How many chunks a crash would leave with a machine. */
export async function durableChunks(machine: FleetMachine, sha256: Sha256): Promise<number> {
  const bytes = await Deno.readFile(join(partialPath(machine, sha256), "bitmap"));
  return Bitmap.fromBytes(SLOW_BYTES / MIB, bytes)?.count ?? 0;
}

/** The rows that the server shows for a blob, by hostname. */
export async function hostsOf(
  fleet: NamespacedFleet,
  sha256: string,
): Promise<ReadonlyMap<string, FilecastHost>> {
  const printed = await fleet.cli("swarm", "filecast", "status", sha256, "--json");
  const { hosts } = filecastShow.answer.parse(JSON.parse(printed));
  return new Map(hosts.map((host) => [host.hostname, host]));
}

/** Waits until the server shows the machine so. */
export function waitForRow(
  fleet: NamespacedFleet,
  { hostname }: FleetMachine,
  sha256: string,
  status: FilecastHost["status"],
): Promise<FilecastHost> {
  return eventually(`the server shows ${hostname} as ${status}`, async () => {
    const row = (await hostsOf(fleet, sha256)).get(hostname);
    if (row?.status === status) return row;
    throw new Error(`it shows ${row?.status}`);
  }, DEADLINE_MS);
}

/** How many events with this message, and all of these texts, a daemon has logged. */
export function countLogged(
  process: { readonly lines: readonly { readonly text: string }[] },
  ...texts: readonly string[]
): number {
  return process.lines.filter(({ text }) => texts.every((one) => text.includes(one))).length;
}
