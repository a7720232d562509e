import assert from "node:assert/strict";
import fc from "fast-check";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { collectTraits } from "./collect_traits.ts";
import type { Collector } from "./collector.ts";
import { COLLECTORS } from "./collectors.ts";
import { fakeSystem } from "./fake_system.ts";
import { hardware } from "./hardware.ts";
import { loadavg } from "./loadavg.ts";
import { memory } from "./memory.ts";
import { mountpoints, parseDarwinMounts, parseProcMounts } from "./mountpoints.ts";
import { nativeSystem } from "./native_system.ts";
import { network } from "./network.ts";
import { os, parseOsRelease } from "./os.ts";
import { packages } from "./packages.ts";
import { swap } from "./swap.ts";
import { uptime } from "./uptime.ts";
import { parsePasswd, users } from "./users.ts";

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

const PACKAGE_SOURCES = [
  {
    manager: "apt",
    folders: { "/var/lib/dpkg": ["status"] },
    program: "dpkg-query -W -f ${db:Status-Abbrev}\t${Package}\t${Version}\t${Architecture}\n",
    output: "ii \tbash\t5.2-1\tamd64\nrc \tgone\t1\tamd64\nhi \theld\t2\tall\n" +
      "ii \tdpkg\t1.21\tamd64\nii \tlibc6\t2.36\tamd64\nii \tlibc6\t2.36\ti386\n",
    installed: {
      bash: "5.2-1",
      dpkg: "1.21",
      held: "2",
      libc6: "2.36",
      "libc6:i386": "2.36",
    },
  },
  {
    manager: "rpm",
    folders: { "/var/lib/rpm": ["rpmdb.sqlite"] },
    program: "rpm -qa --qf %{NAME}\t%{VERSION}-%{RELEASE}\n",
    output: "kernel\t5.14-2\nbash\t5.1-6.el9\nkernel\t5.14-1\n",
    installed: { bash: "5.1-6.el9", kernel: "5.14-1, 5.14-2" },
  },
  {
    manager: "apk",
    folders: { "/lib/apk/db": ["installed"] },
    program: "apk info -v",
    output: "alpine-baselayout-3.4.3-r2\nmusl-1.2.4-r2\n",
    installed: { "alpine-baselayout": "3.4.3-r2", musl: "1.2.4-r2" },
  },
  {
    manager: "pacman",
    folders: { "/var/lib/pacman/local": ["bash-5"] },
    program: "pacman -Q",
    output: "bash 5.2.026-2\n",
    installed: { bash: "5.2.026-2" },
  },
] as const;

for (const { manager, folders, program, output, installed } of PACKAGE_SOURCES) {
  Deno.test(`packages of ${manager} are listed with their versions`, async () => {
    const system = fakeSystem({ folders, programs: { [program]: output } });
    assert.deepEqual(await collect(packages, system), {
      manager,
      count: Object.keys(installed).length,
      installed,
    });
  });
}

Deno.test("packages of brew are the folders of its cellar", async () => {
  const system = fakeSystem({
    platform: "darwin",
    folders: {
      "/opt/homebrew/Cellar": [".keepme", "git", "node"],
      "/opt/homebrew/Cellar/git": ["2.45.1"],
      "/opt/homebrew/Cellar/node": ["22.1", "20.0"],
    },
  });
  assert.deepEqual(await collect(packages, system), {
    manager: "brew",
    count: 2,
    installed: { git: "2.45.1", node: "20.0, 22.1" },
  });
});

Deno.test("packages that nothing can list are a failure and never none", async () => {
  const system = fakeSystem({ folders: { "/var/lib/dpkg": ["status"] } });
  await assert.rejects(collect(packages, system), /no dpkg-query to list them/);
  assert.deepEqual(await collect(packages), { manager: "", count: 0, installed: {} });
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

Deno.test("parsers of the machine's own files take any text", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    parseOsRelease(text);
    parsePasswd(text);
    parseProcMounts(text);
    parseDarwinMounts(text);
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
