import type { Collector, TraitSystem } from "./collector.ts";
import { type DmiField, readDmi } from "./dmi.ts";
import { present } from "./present.ts";
import { readIfAllowed, readOptional } from "./read_optional.ts";

/**
 * The cloud this machine is rented in, from its firmware and from what cloud-init wrote down at the first boot. Nothing is
 * asked over the network: metadata services hand out credentials too, and are out of reach for well-kept programs. Without
 * a provider nothing is known, which is not to say that there is none.
 */
export const cloud: Collector = {
  name: "cloud",
  kind: "stable",
  async collect(system, signal) {
    const dmi = await readDmi(system, signal);
    const written = parseInstanceData(await readIfAllowed(system, INSTANCE_DATA) ?? "");
    const known = PROVIDERS.find(({ is }) => is(dmi));
    const provider = known?.name ?? written?.provider ??
      (await isOldEc2(system) ? "aws" : undefined);
    if (provider === undefined) return {};
    return present({
      provider,
      instance_id: written?.instanceId ?? known?.instanceId?.(dmi),
      region: written?.region,
      zone: written?.zone,
      instance_type: known?.instanceType?.(dmi) ?? written?.instanceType,
    });
  },
};

/** cloud-init's public file: everything that is secret is left out of it. */
const INSTANCE_DATA = "/run/cloud-init/instance-data.json";
/** The tag that Azure gives the chassis of each of its machines. */
const AZURE_TAG = "7783-7084-3265-9085-8269-3286-77";

type Dmi = Readonly<Partial<Record<DmiField, string>>>;

interface Provider {
  readonly name: string;
  is(dmi: Dmi): boolean;
  instanceId?(dmi: Dmi): string | undefined;
  instanceType?(dmi: Dmi): string | undefined;
}

const serial = ({ product_serial: value }: Dmi) => value;
const vendorIs = (pattern: RegExp) => ({ sys_vendor: vendor = "" }: Dmi) => pattern.test(vendor);

const PROVIDERS: readonly Provider[] = [
  {
    name: "aws",
    is: vendorIs(/^Amazon EC2$/),
    instanceId: ({ board_asset_tag: tag }) => tag?.startsWith("i-") ? tag : undefined,
    instanceType: ({ product_name: product }) => product,
  },
  { name: "gcp", is: ({ product_name: product }) => product === "Google Compute Engine" },
  { name: "azure", is: ({ chassis_asset_tag: tag }) => tag === AZURE_TAG },
  { name: "oracle", is: ({ chassis_asset_tag: tag }) => tag === "OracleCloud.com" },
  { name: "digitalocean", is: vendorIs(/^DigitalOcean$/), instanceId: serial },
  { name: "hetzner", is: vendorIs(/^Hetzner$/), instanceId: serial },
  { name: "vultr", is: vendorIs(/^Vultr$/), instanceId: serial },
  { name: "scaleway", is: vendorIs(/^Scaleway$/) },
  { name: "linode", is: vendorIs(/^(?:Linode|Akamai)$/), instanceId: serial },
  { name: "upcloud", is: vendorIs(/^UpCloud$/), instanceId: serial },
  { name: "exoscale", is: vendorIs(/^Exoscale$/) },
  { name: "alibaba", is: vendorIs(/^Alibaba Cloud$/), instanceId: serial },
  { name: "tencent", is: vendorIs(/^Tencent Cloud$/) },
  {
    name: "openstack",
    is: (dmi) =>
      vendorIs(/^OpenStack Foundation$/)(dmi) || /^OpenStack /.test(dmi.product_name ?? ""),
    instanceId: ({ product_uuid: uuid }) => uuid?.toLowerCase(),
  },
];

/** Machines of the first generations run on Xen, whose UUID begins so. */
async function isOldEc2(system: TraitSystem): Promise<boolean> {
  return /^ec2/i.test(await readOptional(system, "/sys/hypervisor/uuid") ?? "");
}

interface InstanceData {
  readonly provider: string;
  readonly instanceId: string | undefined;
  readonly region: string | undefined;
  readonly zone: string | undefined;
  readonly instanceType: string | undefined;
}

/** Longest value taken from cloud-init. */
const MAX_TEXT = 128;

/** Reads the keys that cloud-init promises to keep (`v1`); `undefined` if the text is not such a file. */
export function parseInstanceData(text: string): InstanceData | undefined {
  let v1: unknown;
  try {
    ({ v1 } = Object(JSON.parse(text)));
  } catch {
    // Absent or half written: what it would tell is not known.
    return undefined;
  }
  const read = (name: string) => {
    const value: unknown = Object(v1)[name];
    const isTold = typeof value === "string" && value !== "" && value.length <= MAX_TEXT &&
      value.isWellFormed();
    return isTold ? value : undefined;
  };
  const provider = read("cloud_name");
  if (provider === undefined || provider === "unknown" || provider === "none") return undefined;
  return {
    provider,
    instanceId: read("instance_id"),
    region: read("region"),
    zone: read("availability_zone"),
    instanceType: read("instance_type"),
  };
}
