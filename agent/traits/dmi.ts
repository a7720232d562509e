import { Buffer } from "node:buffer";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { Collector, TraitSystem } from "./collector.ts";
import { parsePlist } from "./parse_plist.ts";
import { present } from "./present.ts";
import { readOptional } from "./read_optional.ts";

/** Files of `/sys/class/dmi/id`; serials and the UUID can be read by root alone. */
const FIELDS = [
  "bios_date",
  "bios_release",
  "bios_vendor",
  "bios_version",
  "board_asset_tag",
  "board_name",
  "board_serial",
  "board_vendor",
  "board_version",
  "chassis_asset_tag",
  "chassis_serial",
  "chassis_type",
  "chassis_vendor",
  "chassis_version",
  "product_family",
  "product_name",
  "product_serial",
  "product_sku",
  "product_uuid",
  "product_version",
  "sys_vendor",
] as const;

export type DmiField = typeof FIELDS[number];

/** What the firmware says of the machine, under the kernel's names; a machine without such tables has no fields. */
export const dmi: Collector = {
  name: "dmi",
  kind: "stable",
  collect: async (system, signal) => present(await readDmi(system, signal)),
};

/** The firmware's fields as far as they are there and can be read. */
export async function readDmi(
  system: TraitSystem,
  signal: AbortSignal,
): Promise<Readonly<Partial<Record<DmiField, string>>>> {
  if (system.platform === "darwin") return await readDarwin(system, signal);
  const values = await Promise.all(
    FIELDS.map(async (field) =>
      [field, await readOptional(system, `/sys/class/dmi/id/${field}`)] as const
    ),
  );
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

async function readDarwin(system: TraitSystem, signal: AbortSignal) {
  const command = ["/usr/sbin/ioreg", "-a", "-r", "-d", "1", "-c", "IOPlatformExpertDevice"];
  const [device] = asList(parsePlist(await system.run(command, signal) ?? ""));
  const text = (name: string) => decodeRegistry(Object(device)[name]);
  const fields = {
    sys_vendor: text("manufacturer"),
    product_name: text("model"),
    product_serial: text("IOPlatformSerialNumber"),
    product_uuid: text("IOPlatformUUID"),
  };
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined),
  );
}

function asList(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** The registry keeps some texts as bytes with a zero at the end, which a property list carries as base64. */
function decodeRegistry(value: unknown): string | undefined {
  if (typeof value === "string") return value || undefined;
  const base64 = Object(value).base64;
  if (typeof base64 !== "string") return undefined;
  return Buffer.from(base64, "base64").toString("utf8").replaceAll("\0", "").trim() || undefined;
}
