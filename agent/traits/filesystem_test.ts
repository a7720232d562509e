import assert from "node:assert/strict";
import fc from "fast-check";
import type { FilesystemRoom } from "./collector.ts";
import { fakeSystem } from "./fake_system.ts";
import { filesystem, usedPercent } from "./filesystem.ts";

const { signal } = new AbortController();
const GIB = 2 ** 30;
const room = (fields: Partial<FilesystemRoom>): FilesystemRoom => ({
  totalBytes: 100 * GIB,
  freeBytes: 60 * GIB,
  availableBytes: 55 * GIB,
  files: 1000,
  freeFiles: 995,
  ...fields,
});

Deno.test("how full file systems are is told in whole percent, as df counts", async () => {
  const system = fakeSystem({
    files: {
      "/proc/self/mounts": "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /srv btrfs ro,noatime 0 0\n",
    },
    rooms: { "/": room({}), "/srv": room({ files: 0, freeFiles: 0 }) },
  });
  assert.deepEqual(await filesystem.collect(system, signal), {
    "/": {
      type: "ext4",
      read_only: false,
      size_mb: 102_400,
      used_percent: 43,
      inodes_used_percent: 1,
    },
    "/srv": { type: "btrfs", read_only: true, size_mb: 102_400, used_percent: 43 },
  });
});

Deno.test("a file system of another machine is named and never asked: its server may be gone", async () => {
  const asked: string[] = [];
  const system = {
    ...fakeSystem({
      files: { "/proc/self/mounts": "nas:/x /home nfs4 rw 0 0\nme@h:/ /mnt fuse.sshfs rw 0 0\n" },
    }),
    readRoom: (path: string) => {
      asked.push(path);
      return new Promise<never>(() => {});
    },
  };
  assert.deepEqual(await filesystem.collect(system, signal), {
    "/home": { type: "nfs4", read_only: false },
    "/mnt": { type: "fuse.sshfs", read_only: false },
  });
  assert.deepEqual(asked, []);
});

Deno.test("a machine whose mounts cannot be read fails instead of having none", async () => {
  await assert.rejects(filesystem.collect(fakeSystem(), signal), /what is mounted/);
});

Deno.test("use is between 0 and 100 percent, and 100 only when nothing is left", () => {
  fc.assert(fc.property(fc.nat(), fc.nat(), fc.nat(), (used, available, reserved) => {
    const percent = usedPercent(
      room({
        totalBytes: used + available + reserved,
        freeBytes: available + reserved,
        availableBytes: available,
      }),
    );
    assert.ok(percent >= 0 && percent <= 100, String(percent));
  }));
});
