import assert from "node:assert/strict";
import { blockdevices } from "./blockdevices.ts";
import { fakeSystem } from "./fake_system.ts";

const { signal } = new AbortController();
const SECTORS_PER_GIB = 2 ** 21;

Deno.test("disks come with their size, kind and partitions, and one without a medium not at all", async () => {
  const system = fakeSystem({
    folders: {
      "/sys/block": ["nvme0n1", "sr0", "sda"],
      "/sys/block/nvme0n1": ["queue", "nvme0n1p1", "nvme0n1p2", "size"],
      "/sys/block/sda": ["queue"],
    },
    files: {
      "/sys/block/nvme0n1/size": `${500 * SECTORS_PER_GIB}\n`,
      "/sys/block/nvme0n1/device/model": "Samsung SSD 980 PRO   \n",
      "/sys/block/nvme0n1/device/serial": "S5GXNX0R\n",
      "/sys/block/nvme0n1/queue/rotational": "0\n",
      "/sys/block/nvme0n1/removable": "0\n",
      "/sys/block/nvme0n1/ro": "0\n",
      "/sys/block/nvme0n1/nvme0n1p1/size": `${SECTORS_PER_GIB}\n`,
      "/sys/block/nvme0n1/nvme0n1p2/size": `${499 * SECTORS_PER_GIB}\n`,
      "/sys/block/sr0/size": "0\n",
      "/sys/block/sda/size": `${4 * SECTORS_PER_GIB}\n`,
      "/sys/block/sda/device/vendor": "ATA\n",
      "/sys/block/sda/device/vpd_pg80": "\u0000\ufffd\u0000\u0014      WD-WCC4N1\n",
      "/sys/block/sda/queue/rotational": "1\n",
      "/sys/block/sda/ro": "1\n",
    },
  });
  assert.deepEqual(await blockdevices.collect(system, signal), {
    nvme0n1: {
      size_mb: 512_000,
      model: "Samsung SSD 980 PRO",
      serial: "S5GXNX0R",
      rotational: false,
      removable: false,
      read_only: false,
      partitions: { nvme0n1p1: { size_mb: 1024 }, nvme0n1p2: { size_mb: 510_976 } },
    },
    sda: {
      size_mb: 4096,
      vendor: "ATA",
      serial: "WD-WCC4N1",
      rotational: true,
      read_only: true,
      partitions: {},
    },
  });
});

Deno.test("a serial number that only root may read is left out", async () => {
  const denied = Object.assign(new Error("permission denied"), { code: "EACCES" });
  const system = fakeSystem({
    folders: { "/sys/block": ["vda"] },
    files: { "/sys/block/vda/size": "2048\n", "/sys/block/vda/serial": denied },
  });
  assert.deepEqual(await blockdevices.collect(system, signal), {
    vda: { size_mb: 1, partitions: {} },
  });
});
