import { mount } from "../../../agent/resources/mount.ts";
import { resourceContract } from "../resource_contract.ts";

const TABLE =
  "# by hand\nUUID=1 / ext4 errors=remount-ro 0 1\ntmpfs\t/run/x\ttmpfs\tsize=1m\t0 0\n";

export const mountContract = resourceContract(mount, {
  bad: [
    { params: { path: "/mnt", fstype: "tmpfs" }, names: "device" },
    { params: { path: "mnt", device: "tmpfs", fstype: "tmpfs" }, names: "path" },
    {
      params: { path: "/mnt", device: "tmpfs", fstype: "tmpfs", options: ["a b"] },
      names: "options",
    },
    { params: { path: "/mnt", ensure: "absent", device: "tmpfs" }, names: "device" },
    { params: { path: "/", ensure: "absent" }, names: "path" },
  ],
  unknown: [
    {
      title: "a table with two lines for one path",
      prepare: async (machine) => {
        const line = "tmpfs /mnt tmpfs defaults 0 0\n";
        await Deno.writeTextFile(machine.root.join("etc/fstab"), line + line);
        return { path: "/mnt", device: "tmpfs", fstype: "tmpfs" };
      },
      reason: /has 2 lines for "\/mnt"; keep one/,
    },
  ],
  cases: [
    {
      title: "a file system that is neither mounted nor in the table",
      prepare: async (machine) => {
        await Deno.writeTextFile(machine.root.join("etc/fstab"), TABLE);
        const path = machine.root.join("data with blanks");
        return { path, device: "tmpfs", fstype: "tmpfs", options: "size=64m,noexec" };
      },
      tamper: (machine) => machine.host.fakeMounts.unmount(machine.root.join("data with blanks")),
      verify: async (machine) => {
        const text = await Deno.readTextFile(machine.root.join("etc/fstab"));
        if (!text.startsWith(TABLE)) throw new Error(`other lines changed: ${text}`);
      },
    },
    {
      title: "a mount with other options",
      prepare: async (machine) => {
        const path = machine.root.join("data");
        await Deno.writeTextFile(machine.root.join("etc/fstab"), `tmpfs ${path} tmpfs rw 0 0\n`);
        await machine.host.fakeMounts.mount(path);
        return { path, device: "tmpfs", fstype: "tmpfs", options: ["nosuid", "nodev"] };
      },
      tamper: (machine) => machine.host.fakeMounts.remount(machine.root.join("data"), ["nosuid"]),
    },
    {
      title: "another file system than the wanted one",
      prepare: async (machine) => {
        const path = machine.root.join("data");
        await Deno.mkdir(path);
        await Deno.writeTextFile(machine.root.join("etc/fstab"), `/dev/a ${path} ext4 rw 0 0\n`);
        await machine.host.fakeMounts.mount(path);
        return { path, device: "/dev/b", fstype: "ext4" };
      },
    },
    {
      title: "a line alone",
      prepare: () =>
        Promise.resolve({
          path: "/mnt",
          device: "UUID=2",
          fstype: "xfs",
          ensure: "present",
          pass: 2,
        }),
      tamper: (machine) => Deno.writeTextFile(machine.root.join("etc/fstab"), TABLE),
    },
    {
      title: "a line without its mount",
      prepare: async (machine) => {
        const line = "tmpfs /mnt tmpfs defaults 0 0\n";
        await Deno.writeTextFile(machine.root.join("etc/fstab"), line);
        await machine.host.fakeMounts.mount("/mnt");
        return { path: "/mnt", device: "tmpfs", fstype: "tmpfs", ensure: "unmounted" };
      },
      tamper: (machine) => machine.host.fakeMounts.mount("/mnt"),
    },
    {
      title: "neither line nor mount",
      prepare: async (machine) => {
        const line = "tmpfs /mnt tmpfs defaults 0 0\n";
        await Deno.writeTextFile(machine.root.join("etc/fstab"), TABLE + line);
        await machine.host.fakeMounts.mount("/mnt");
        return { path: "/mnt", ensure: "absent" };
      },
      verify: async (machine) => {
        const text = await Deno.readTextFile(machine.root.join("etc/fstab"));
        if (text !== TABLE) throw new Error(`other lines changed: ${text}`);
      },
    },
  ],
  realCases: [
    {
      title: "a tmpfs of a size",
      prepare: (machine) => {
        machine.observed.push(["findmnt", "-n", "/srv/contract-tmp"]);
        return Promise.resolve({
          path: "/srv/contract-tmp",
          device: "tmpfs",
          fstype: "tmpfs",
          options: "size=2m,noexec,mode=0750",
        });
      },
      tamper: (machine) => machine.run("mount", "-o", "remount,exec,size=4m", "/srv/contract-tmp"),
      verify: (machine) => machine.run("findmnt", "-n", "-O", "noexec", "/srv/contract-tmp"),
    },
    {
      title: "a folder that is seen at another place, read-only",
      prepare: async (machine) => {
        await Deno.mkdir("/srv/contract-source", { recursive: true });
        await Deno.writeTextFile("/srv/contract-source/file", "here\n");
        machine.observed.push(["findmnt", "-n", "/srv/contract-bind"]);
        return {
          path: "/srv/contract-bind",
          device: "/srv/contract-source",
          fstype: "none",
          options: ["bind", "ro"],
        };
      },
      tamper: (machine) => machine.run("umount", "/srv/contract-bind"),
      verify: async (machine) => {
        await machine.run("test", "-e", "/srv/contract-bind/file");
        await machine.run("sh", "-c", "! touch /srv/contract-bind/new 2>/dev/null");
      },
    },
    {
      title: "a mount that is to go",
      prepare: async (machine) => {
        await machine.run("sh", "-c", "echo 'none /srv/contract-gone tmpfs rw 0 0' >> /etc/fstab");
        await machine.run("mkdir", "-p", "/srv/contract-gone");
        await machine.run("mount", "/srv/contract-gone");
        return { path: "/srv/contract-gone", ensure: "absent" };
      },
      tamper: (machine) => machine.run("mount", "-t", "tmpfs", "none", "/srv/contract-gone"),
      verify: (machine) => machine.run("sh", "-c", "! findmnt -n /srv/contract-gone"),
    },
  ],
});
