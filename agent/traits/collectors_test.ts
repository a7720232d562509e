import assert from "node:assert/strict";
import fc from "fast-check";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { collectTraits } from "./collect_traits.ts";
import type { Collector } from "./collector.ts";
import { COLLECTORS } from "./collectors.ts";
import { fakeSystem } from "./fake_system.ts";
import { hardware } from "./hardware.ts";
import { loadavg } from "./loadavg.ts";
import { memory, parseMeminfo, parseVmStat } from "./memory.ts";
import { mountpoints, parseDarwinMounts, parseProcMounts } from "./mountpoints.ts";
import { nativeSystem } from "./native_system.ts";
import { parseDefaultGateway } from "./lan_address.ts";
import { network, parseResolvers } from "./network.ts";
import { os, parseOsRelease } from "./os.ts";
import { parseSwaps, parseSwapUsage, swap } from "./swap.ts";
import { parseBootSeconds, uptime } from "./uptime.ts";
import { parseDirectoryGroups, parseDirectoryUsers, parsePasswd, users } from "./users.ts";

const signal = new AbortController().signal;
const collect = (collector: Collector, system = fakeSystem()) => collector.collect(system, signal);

const MEMINFO = {
  "/proc/meminfo":
    "MemTotal:        8388608 kB\nMemFree:  1 kB\nMemAvailable:    4194304 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
};
/** Four threads of two cores in one socket. */
const CPU_TOPOLOGY = Object.fromEntries(
  [0, 1, 2, 3].flatMap((cpu) => [
    [`/sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`, "0\n"],
    [`/sys/devices/system/cpu/cpu${cpu}/topology/core_id`, `${cpu >> 1}\n`],
  ]),
);

Deno.test("os reads os-release and knows the family of a derivative by ID_LIKE", async () => {
  const release = 'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="21.3"\n';
  assert.deepEqual(await collect(os, fakeSystem({ files: { "/etc/os-release": release } })), {
    hostname: "web-1",
    arch: "x86_64",
    kernel: "6.1.0",
    name: "Linux Mint",
    distro: "linuxmint",
    version: "21.3",
    codename: "",
    family: "debian",
    type: "linux",
  });
});

Deno.test("os has the same members on macOS", async () => {
  const darwin = fakeSystem({
    platform: "darwin",
    programs: { "/usr/bin/sw_vers -productVersion": "14.5\n" },
  });
  const linux = fakeSystem({ files: { "/proc/1/comm": "systemd\n" } });
  const onDarwin = await collect(os, darwin), onLinux = await collect(os, linux);
  assert.deepEqual(Object.keys(Object(onDarwin)).sort(), Object.keys(Object(onLinux)).sort());
  assert.equal(Object(onDarwin).version, "14.5");
});

Deno.test("os-release quoting is undone", () => {
  assert.deepEqual(parseOsRelease('# c\nA=\'x y\'\nB="a\\"b"\nbad line\nC=\n'), {
    A: "x y",
    B: 'a"b',
    C: "",
  });
});

Deno.test("hardware has the same members on both systems and sees a hypervisor", async () => {
  const linux = await collect(
    hardware,
    fakeSystem({
      files: {
        "/proc/cpuinfo": "model name\t: AMD EPYC\nflags\t\t: fpu hypervisor\n",
        "/sys/class/dmi/id/product_name": "PowerEdge R750\n",
        ...MEMINFO,
        ...CPU_TOPOLOGY,
      },
      folders: { "/sys/devices/system/cpu": ["cpu0", "cpu1", "cpu2", "cpu3", "cpufreq"] },
    }),
  );
  assert.deepEqual(linux, {
    cpu_model: "AMD EPYC",
    cpu_sockets: 1,
    cpu_cores: 2,
    cpu_threads_per_core: 2,
    cpu_count: 4,
    memory_mb: 8192,
    vendor: "",
    product: "PowerEdge R750",
    virtual: true,
  });
});

Deno.test("uptime, memory and load are plain rounded numbers", async () => {
  const system = fakeSystem({
    files: { ...MEMINFO, "/proc/stat": "cpu  1 2 3\nbtime 1700000000\nprocesses 5\n" },
  });
  assert.deepEqual(await collect(uptime, system), {
    seconds: 90_000,
    days: 1,
    booted_at: "2023-11-14T22:13:20.000Z",
  });
  assert.deepEqual(await collect(loadavg), { one: 0.13, five: 0.5, fifteen: 1 });
  assert.deepEqual(await collect(memory, system), {
    total_mb: 8192,
    available_mb: 4096,
    used_mb: 4096,
  });
});

Deno.test("swap comes with the areas that it lies in", async () => {
  const files = {
    "/proc/meminfo": "MemTotal: 1 kB\nSwapTotal: 4194304 kB\nSwapFree: 3145728 kB\n",
    "/proc/swaps": "Filename\tType\tSize\tUsed\tPriority\n" +
      "/dev/dm-1   partition\t2097152\t0\t-2\n/swap\\040file file\t2097152\t1\t-3\n",
  };
  assert.deepEqual(await collect(swap, fakeSystem({ files })), {
    total_mb: 4096,
    used_mb: 1024,
    areas: [
      { path: "/dev/dm-1", type: "partition", size_mb: 2048 },
      { path: "/swap file", type: "file", size_mb: 2048 },
    ],
  });
});

Deno.test("memory that the system does not tell is a failure and never none", async () => {
  await assert.rejects(collect(memory), /how much memory/);
  await assert.rejects(collect(swap), /how much swap/);
});

Deno.test("mountpoints leaves kernel interfaces out and undoes escapes", async () => {
  const text = "/dev/sda1 / ext4 rw,relatime 0 0\nproc /proc proc rw 0 0\n" +
    "/dev/sdb1 /srv/my\\040data xfs ro 0 0\ntmpfs /run tmpfs rw 0 0\n";
  assert.deepEqual(
    await collect(mountpoints, fakeSystem({ files: { "/proc/self/mounts": text } })),
    {
      "/": { device: "/dev/sda1", type: "ext4", options: ["rw", "relatime"] },
      "/srv/my data": { device: "/dev/sdb1", type: "xfs", options: ["ro"] },
    },
  );
});

Deno.test("what containers mount, and the layers of an overlay, are not told", async () => {
  const text = "overlay / overlay rw,lowerdir=/a:/b,upperdir=/c,workdir=/d,lowerdir+=/e 0 0\n" +
    "overlay /var/lib/docker/overlay2/0f/merged overlay rw 0 0\n" +
    "tmpfs /var/lib/kubelet/pods/1/volumes/x tmpfs rw 0 0\n" +
    "/dev/sdb1 /var/lib/docker-data ext4 rw 0 0\n";
  assert.deepEqual(
    await collect(mountpoints, fakeSystem({ files: { "/proc/self/mounts": text } })),
    {
      "/": { device: "overlay", type: "overlay", options: ["rw"] },
      "/var/lib/docker-data": { device: "/dev/sdb1", type: "ext4", options: ["rw"] },
    },
  );
});

Deno.test("mount(8) of macOS gives the same fields", () => {
  assert.deepEqual(parseDarwinMounts("/dev/disk3s1s1 on / (apfs, sealed, local)\nnonsense\n"), [
    { path: "/", device: "/dev/disk3s1s1", type: "apfs", options: ["sealed", "local"] },
  ]);
});

Deno.test("users come with ids, home, shell and the groups that list them", async () => {
  const files = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n+nis\nmara:x:1000:1000::/home/mara:/bin/zsh\n",
    "/etc/group": "wheel:x:10:root,mara\ndocker:x:11:mara\nempty:x:12:\n",
  };
  assert.deepEqual(await collect(users, fakeSystem({ files })), {
    root: { uid: 0, gid: 0, home: "/root", shell: "/bin/sh", groups: ["wheel"] },
    mara: {
      uid: 1000,
      gid: 1000,
      home: "/home/mara",
      shell: "/bin/zsh",
      groups: ["docker", "wheel"],
    },
  });
});

Deno.test("a machine without a passwd file fails to give users instead of giving none", async () => {
  await assert.rejects(collect(users), /no passwd/);
});

Deno.test("network gives the LAN address of the default route's interface", async () => {
  const address = (name: string, ip: string) =>
    ({
      name,
      family: "IPv4",
      address: ip,
      netmask: "255.255.255.0",
      mac: "02:00:00:00:00:01",
    }) as const;
  const route =
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n" +
    "eth1\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";
  const facts = Object(
    await collect(
      network,
      fakeSystem({
        files: { "/proc/net/route": route },
        networkInterfaces: () => [
          address("docker0", "172.17.0.1"),
          address("eth0", "10.0.0.5"),
          address("eth1", "192.168.2.7"),
        ],
      }),
    ),
  );
  assert.equal(facts.lan_address, "192.168.2.7");
  assert.equal(facts.default_interface, "eth1");
  assert.deepEqual(Object.keys(facts.interfaces), ["docker0", "eth0", "eth1"]);
});

Deno.test("interfaces without an address are told, and the ends of containers' networks are not", async () => {
  const { interfaces } = Object(
    await collect(
      network,
      fakeSystem({
        folders: { "/sys/class/net": ["eth0", "veth12ab", "bonding_masters"] },
        files: {
          "/sys/class/net/eth0/address": "02:00:00:00:00:01\n",
          "/sys/class/net/eth0/mtu": "1500\n",
          "/sys/class/net/eth0/operstate": "down\n",
          "/sys/class/net/eth0/speed": "-1\n",
        },
      }),
    ),
  );
  assert.deepEqual(interfaces, {
    eth0: {
      mac: "02:00:00:00:00:01",
      ipv4: [],
      ipv6: [],
      cidr: [],
      mtu: 1500,
      state: "down",
    },
  });
});

Deno.test("resolv.conf gives name servers and the last search list", () => {
  assert.deepEqual(
    parseResolvers("# x\nnameserver ::1 # local\nnameserver 192.0.2.1\ndomain a\nsearch b c\n"),
    { nameservers: ["::1", "192.0.2.1"], search: ["b", "c"] },
  );
});

Deno.test("parsers of the machine's own files take any text", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    parseOsRelease(text);
    parsePasswd(text);
    parseProcMounts(text);
    parseDarwinMounts(text);
    parseMeminfo(text);
    parseVmStat(text, 1);
    parseSwaps(`\n${text}`);
    parseSwapUsage(text);
    parseBootSeconds(text);
    parseResolvers(text);
    parseDefaultGateway(`\n${text}`);
    parseDirectoryUsers(text);
    parseDirectoryGroups(text);
  }));
});

Deno.test("every collector finds something on the machine that runs this, and agrees with it", async () => {
  const { traits, failed } = await collectTraits(COLLECTORS, nativeSystem(rootPaths("/")));
  assert.deepEqual(failed, []);
  assert.equal(Object(traits["os"]).hostname, Deno.hostname());
  assert.equal(Object(traits["users"]).root.uid, 0);
  assert.ok(Object(traits["memory"]).total_mb > 0);
  assert.ok("/" in Object(traits["filesystem"]));
  const addresses = new Set(Deno.networkInterfaces().map(({ address }) => address));
  const lan = Object(traits["network"]).lan_address;
  assert.ok(lan === "" || addresses.has(lan), lan);
});
