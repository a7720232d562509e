import assert from "node:assert/strict";
import fc from "fast-check";
import { cloud, parseInstanceData } from "./cloud.ts";
import { fakeSystem } from "./fake_system.ts";

const { signal } = new AbortController();
const machine = (dmi: Record<string, string>, files: Record<string, string> = {}) =>
  cloud.collect(
    fakeSystem({
      files: {
        ...Object.fromEntries(
          Object.entries(dmi).map(([name, value]) => [`/sys/class/dmi/id/${name}`, value]),
        ),
        ...files,
      },
    }),
    signal,
  );
const INSTANCE_DATA = "/run/cloud-init/instance-data.json";

const FIRMWARE: readonly (readonly [Record<string, string>, unknown])[] = [
  [
    { sys_vendor: "Amazon EC2", product_name: "m7g.large", board_asset_tag: "i-0abc" },
    { provider: "aws", instance_id: "i-0abc", instance_type: "m7g.large" },
  ],
  [
    { sys_vendor: "Google", product_name: "Google Compute Engine" },
    { provider: "gcp" },
  ],
  [
    {
      sys_vendor: "Microsoft Corporation",
      chassis_asset_tag: "7783-7084-3265-9085-8269-3286-77",
    },
    { provider: "azure" },
  ],
  [{ sys_vendor: "Hetzner", product_serial: "4711" }, { provider: "hetzner", instance_id: "4711" }],
  [
    {
      sys_vendor: "OpenStack Foundation",
      product_name: "OpenStack Nova",
      product_uuid: "AB-CD",
    },
    { provider: "openstack", instance_id: "ab-cd" },
  ],
];

for (const [firmware, expected] of FIRMWARE) {
  Deno.test(`cloud knows ${Object.values(firmware)[0]} by its firmware`, async () => {
    assert.deepEqual(await machine(firmware), expected);
  });
}

Deno.test("cloud takes region and zone from what cloud-init wrote", async () => {
  const v1 = {
    cloud_name: "aws",
    instance_id: "i-1",
    region: "eu-central-1",
    availability_zone: "eu-central-1a",
  };
  assert.deepEqual(
    await machine({ sys_vendor: "Amazon EC2" }, { [INSTANCE_DATA]: JSON.stringify({ v1 }) }),
    { provider: "aws", instance_id: "i-1", region: "eu-central-1", zone: "eu-central-1a" },
  );
});

Deno.test("a Hyper-V machine at home and a bare one have no provider", async () => {
  assert.deepEqual(
    await machine({ sys_vendor: "Microsoft Corporation", product_name: "Virtual Machine" }),
    {},
  );
  assert.deepEqual(await machine({}), {});
});

Deno.test("what stands in cloud-init's file can be anything", () => {
  const inV1 = fc.json().map((text) => `{"v1":${text}}`);
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), inV1), (text) => {
    parseInstanceData(text);
  }));
  const long = JSON.stringify({ v1: { cloud_name: "x".repeat(1000) } });
  assert.equal(parseInstanceData(long), undefined);
});
