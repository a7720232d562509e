/** Every collector on macOS, over what its programs print there. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { collectTraits } from "./collect_traits.ts";
import type { FilesystemRoom } from "./collector.ts";
import { COLLECTORS } from "./collectors.ts";
import { fakeSystem } from "./fake_system.ts";

const FOLDER = join(import.meta.dirname ?? ".", "../../tests/fixtures/traits/darwin");
const GIB = 2 ** 30;

const SYSCTL = {
  "hw.memsize": "17179869184\n",
  "hw.model": "Mac14,2\n",
  "hw.packages": "1\n",
  "hw.physicalcpu": "8\n",
  "hw.logicalcpu": "8\n",
  "kern.boottime": "{ sec = 1715000000, usec = 123456 } Mon May  6 14:53:20 2024\n",
  "kern.hv_vmm_present": "0\n",
  "machdep.cpu.brand_string": "Apple M2\n",
  "vm.swapusage": "total = 2048.00M  used = 1023.25M  free = 1024.75M  (encrypted)\n",
};
const PROGRAMS = {
  "/usr/bin/vm_stat": "vm_stat",
  "/usr/sbin/netstat -an -p tcp": "netstat_tcp",
  "/usr/sbin/netstat -an -p udp": "netstat_udp",
  "/usr/sbin/netstat -in": "netstat_in",
  "/sbin/route -n get default": "route_default",
  "/sbin/mount": "mount",
  "/bin/ps -axo stat=,rss=,ucomm=": "ps",
  "/usr/bin/dscacheutil -q user": "users",
  "/usr/bin/dscacheutil -q group": "groups",
  "/usr/sbin/ioreg -a -r -d 1 -c IOPlatformExpertDevice": "ioreg",
  "/usr/sbin/diskutil list -plist": "diskutil",
};

const room: FilesystemRoom = {
  totalBytes: 460 * GIB,
  freeBytes: 230 * GIB,
  availableBytes: 230 * GIB,
  files: 4_000_000,
  freeFiles: 3_000_000,
};

async function readMac() {
  const outputs = await Promise.all(
    Object.entries(PROGRAMS).map(async ([command, file]) =>
      [command, await Deno.readTextFile(join(FOLDER, `${file}.txt`))] as const
    ),
  );
  return fakeSystem({
    platform: "darwin",
    hostname: () => "mac-1",
    architecture: () => "aarch64",
    kernelRelease: () => "23.5.0",
    cpuCount: () => 8,
    networkInterfaces: () => [{
      name: "en0",
      family: "IPv4",
      address: "192.168.1.23",
      netmask: "255.255.255.0",
      mac: "a4:83:e7:00:11:22",
    }],
    files: { "/etc/resolv.conf": "# macOS Notice\nsearch lan\nnameserver 192.168.1.1\n" },
    links: { "/etc/localtime": "/var/db/timezone/zoneinfo/Europe/Vienna" },
    rooms: { "/": room, "/System/Volumes/Data": room, "/System/Volumes/VM": room },
    programs: {
      ...Object.fromEntries(outputs),
      ...Object.fromEntries(
        Object.entries(SYSCTL).map(([name, value]) => [`/usr/sbin/sysctl -n ${name}`, value]),
      ),
      "/usr/sbin/sysctl -n machdep.cpu.vendor": new Error("unknown oid"),
      "/usr/bin/sw_vers -productVersion": "14.5\n",
    },
  });
}

const EXPECTED = {
  blockdevices: {
    disk0: {
      size_mb: 477_102,
      partitions: { disk0s1: { size_mb: 500 }, disk0s2: { size_mb: 471_482 } },
    },
    disk3: { size_mb: 471_482, partitions: { disk3s1: { size_mb: 471_482 } } },
  },
  cloud: {},
  container: { inside: false },
  dmi: {
    sys_vendor: "Apple Inc.",
    product_name: "Mac14,2",
    product_serial: "C02ABCDEFGH1",
    product_uuid: "01234567-89AB-CDEF-0123-456789ABCDEF",
  },
  filesystem: {
    "/": {
      type: "apfs",
      read_only: true,
      size_mb: 471_040,
      used_percent: 50,
      inodes_used_percent: 25,
    },
    "/System/Volumes/Data": {
      type: "apfs",
      read_only: false,
      size_mb: 471_040,
      used_percent: 50,
      inodes_used_percent: 25,
    },
    "/System/Volumes/VM": {
      type: "apfs",
      read_only: false,
      size_mb: 471_040,
      used_percent: 50,
      inodes_used_percent: 25,
    },
    "/Volumes/Media": { type: "smbfs", read_only: false },
  },
  hardware: {
    cpu_model: "Apple M2",
    cpu_sockets: 1,
    cpu_cores: 8,
    cpu_threads_per_core: 1,
    vendor: "Apple Inc.",
    product: "Mac14,2",
    virtual: false,
    cpu_count: 8,
    memory_mb: 16_384,
  },
  memory: { total_mb: 16_384, available_mb: 5520, used_mb: 10_864 },
  network: {
    hostname: "mac-1",
    lan_address: "192.168.1.23",
    default_interface: "en0",
    gateway: "192.168.1.1",
    nameservers: ["192.168.1.1"],
    search: ["lan"],
    interfaces: {
      en0: {
        mac: "a4:83:e7:00:11:22",
        ipv4: ["192.168.1.23"],
        ipv6: [],
        cidr: ["192.168.1.23/24"],
        mtu: 1500,
      },
    },
    omitted_interfaces: 0,
  },
  os: {
    hostname: "mac-1",
    arch: "aarch64",
    kernel: "23.5.0",
    name: "macOS",
    distro: "macos",
    version: "14.5",
    codename: "",
    family: "darwin",
    type: "darwin",
    init: "launchd",
  },
  ports: {
    tcp: {
      "22": { addresses: ["0.0.0.0", "::"] },
      "631": { addresses: ["127.0.0.1", "::1"] },
      "5000": { addresses: ["::"] },
    },
    udp: {
      "123": { addresses: ["fe80::1"] },
      "137": { addresses: ["0.0.0.0"] },
      "5353": { addresses: ["0.0.0.0", "::"] },
    },
    omitted: 0,
  },
  processes: {
    total: 6,
    zombies: 1,
    by_name: { "Google Chrome He": 2, git: 1, launchd: 1, logd: 1, ps: 1 },
    omitted_names: 0,
    top_memory: [
      { name: "Google Chrome He", rss_mb: 217 },
      { name: "launchd", rss_mb: 12 },
      { name: "logd", rss_mb: 8 },
      { name: "ps", rss_mb: 1 },
      { name: "git", rss_mb: 0 },
    ],
  },
  swap: { total_mb: 2048, used_mb: 1023, areas: [] },
  uptime: { seconds: 90_000, days: 1, booted_at: "2024-05-06T12:53:20.000Z" },
  users: {
    root: { uid: 0, gid: 0, home: "/var/root", shell: "/bin/sh", groups: ["admin", "wheel"] },
    nobody: { uid: -2, gid: -2, home: "/var/empty", shell: "/usr/bin/false", groups: [] },
    mara: { uid: 501, gid: 20, home: "/Users/mara", shell: "/bin/zsh", groups: ["admin"] },
  },
};

Deno.test("every collector gives on macOS what its programs print", async () => {
  const { traits, failed } = await collectTraits(COLLECTORS, await readMac());
  assert.deepEqual(failed, []);
  for (const [name, expected] of Object.entries(EXPECTED)) {
    assert.deepEqual(traits[name], expected, name);
  }
  assert.equal(Object(traits["time"]).timezone, "Europe/Vienna");
});

Deno.test("a Mac whose programs are gone fails where it cannot know, and tells nothing for it", async () => {
  const { traits, failed } = await collectTraits(
    COLLECTORS,
    fakeSystem({ platform: "darwin" }),
  );
  assert.deepEqual(failed.map(({ name }) => name).sort(), [
    "blockdevices",
    "filesystem",
    "hardware",
    "memory",
    "mountpoints",
    "ports",
    "processes",
    "swap",
    "users",
  ]);
  for (const { name } of failed) assert.ok(!(name in traits), name);
});
