import assert from "node:assert/strict";
import { dmi } from "./dmi.ts";
import { fakeSystem } from "./fake_system.ts";

const { signal } = new AbortController();

Deno.test("the firmware's fields have the kernel's names, and what this user may not read is left out", async () => {
  const system = fakeSystem({
    files: {
      "/sys/class/dmi/id/product_name": "PowerEdge R750\n",
      "/sys/class/dmi/id/sys_vendor": "Dell Inc.\n",
      "/sys/class/dmi/id/bios_version": "\n",
      "/sys/class/dmi/id/product_serial": new Deno.errors.PermissionDenied("os error 13"),
    },
  });
  assert.deepEqual(await dmi.collect(system, signal), {
    product_name: "PowerEdge R750",
    sys_vendor: "Dell Inc.",
  });
});

Deno.test("a fault that is not a matter of rights fails the collector", async () => {
  const system = fakeSystem({
    files: { "/sys/class/dmi/id/sys_vendor": new Error("out of descriptors") },
  });
  await assert.rejects(dmi.collect(system, signal), /out of descriptors/);
});

Deno.test("a machine without firmware tables has no fields", async () => {
  assert.deepEqual(await dmi.collect(fakeSystem(), signal), {});
});
