import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { Collector, TraitSystem } from "./collector.ts";
import { parsePlist } from "./parse_plist.ts";
import { present } from "./present.ts";
import { readNumber, readOptional } from "./read_optional.ts";

const MIB = 2 ** 20;
/** The kernel counts a device in sectors of this size, whatever the device's own is. */
const SECTOR_BYTES = 512;
/** Most devices told, and most partitions of one. */
const MAX_DEVICES = 128;
const MAX_PARTITIONS = 64;

/** Disks and other block devices by name, with their partitions; those without a medium are left out. */
export const blockdevices: Collector = { name: "blockdevices", kind: "stable", collect };

async function collect(system: TraitSystem, signal: AbortSignal) {
  const devices = system.platform === "darwin"
    ? await readDarwin(system, signal)
    : await readLinux(system);
  return Object.fromEntries(devices.toSorted(([a], [b]) => a < b ? -1 : 1).slice(0, MAX_DEVICES));
}

type Device = readonly [name: string, facts: Record<string, Json>];

async function readLinux(system: TraitSystem): Promise<readonly Device[]> {
  const names = await system.list("/sys/block");
  const devices = await Promise.all(names.map(async (name): Promise<Device[]> => {
    const folder = `/sys/block/${name}`;
    const sectors = await readNumber(system, `${folder}/size`);
    if (!sectors) return [];
    const flag = async (file: string) => {
      const value = await readNumber(system, `${folder}/${file}`);
      return value === undefined ? undefined : value === 1;
    };
    return [[
      name,
      present({
        size_mb: Math.round(sectors * SECTOR_BYTES / MIB),
        model: await readOptional(system, `${folder}/device/model`) ??
          await readOptional(system, `${folder}/device/name`),
        vendor: await readOptional(system, `${folder}/device/vendor`),
        serial: await readSerial(system, folder),
        rotational: await flag("queue/rotational"),
        removable: await flag("removable"),
        read_only: await flag("ro"),
        partitions: await readPartitions(system, name),
      }),
    ]];
  }));
  return devices.flat();
}

/** The device's own serial number: of virtio disks beside it, of NVMe and SD cards one level down, of SCSI in page 0x80. */
async function readSerial(system: TraitSystem, folder: string): Promise<string | undefined> {
  for (const file of ["serial", "device/serial"]) {
    const serial = await readOptional(system, `${folder}/${file}`);
    if (serial !== undefined) return serial;
  }
  const page = await readOptional(system, `${folder}/device/vpd_pg80`);
  // Four bytes of heading stand before the text.
  return page?.slice(4).replaceAll(/[^\x20-\x7e]/g, "").trim() || undefined;
}

async function readPartitions(system: TraitSystem, device: string): Promise<Json> {
  const folder = `/sys/block/${device}`;
  const names = (await system.list(folder)).filter((name) => name.startsWith(device));
  const sizes = await Promise.all(
    names.sort().slice(0, MAX_PARTITIONS).map(async (name) =>
      [name, await readNumber(system, `${folder}/${name}/size`)] as const
    ),
  );
  return Object.fromEntries(
    sizes.flatMap(([name, sectors]) =>
      sectors === undefined
        ? []
        : [[name, { size_mb: Math.round(sectors * SECTOR_BYTES / MIB) }] as const]
    ),
  );
}

async function readDarwin(system: TraitSystem, signal: AbortSignal): Promise<readonly Device[]> {
  const list = await system.run(["/usr/sbin/diskutil", "list", "-plist"], signal);
  const disks = Object(parsePlist(list ?? "")).AllDisksAndPartitions;
  if (!Array.isArray(disks)) throw new Error("diskutil does not tell which disks there are");
  return disks.flatMap((disk): Device[] => {
    const whole = readDisk(disk);
    if (whole === undefined) return [];
    const { Partitions: partitions, APFSVolumes: volumes } = Object(disk);
    const parts = [partitions, volumes].flatMap((list) => Array.isArray(list) ? list : [])
      .slice(0, MAX_PARTITIONS).map(readDisk).filter((part) => part !== undefined);
    return [[whole.name, {
      size_mb: whole.size_mb,
      partitions: Object.fromEntries(parts.map(({ name, size_mb }) => [name, { size_mb }])),
    }]];
  });
}

function readDisk(value: unknown): { name: string; size_mb: number } | undefined {
  const { DeviceIdentifier: name, Size: sizeBytes } = Object(value);
  if (typeof name !== "string" || typeof sizeBytes !== "number") return undefined;
  return { name, size_mb: Math.round(sizeBytes / MIB) };
}
