/** `vigo traits` beside the tools that administrators ask the same of. Nothing of the machine is changed. */
import assert from "node:assert/strict";
import { programCommand } from "../support/run_program.ts";
import { runCommand, runOrThrow } from "../support/run_command.ts";
import { MAX_OF_PORT } from "../../agent/traits/ports.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { UnprivilegedVigo } from "../support/unprivileged_vigo.ts";

const isLinux = Deno.build.os === "linux";
if (!isLinux) console.warn("skipped: traits beside the tools of Linux need Linux");

const MIB = 2 ** 20;
/** Ports that the system does not give away by itself. */
const FIXED_PORTS = { first: 20_000, last: 30_000 };

type Traits = Readonly<Record<string, Record<string, unknown>>>;

async function readTraits(): Promise<Traits> {
  await using root = await TemporaryRoot.create();
  const args = programCommand("vigo", ["--root", root.path, "traits", "--json"]);
  return JSON.parse(await runOrThrow(Deno.execPath(), args));
}

/** Output of a tool, or `undefined` after saying that it is missing. */
async function ask(program: string, ...args: string[]): Promise<string | undefined> {
  try {
    return await runOrThrow(program, args, { env: { LC_ALL: "C" } });
  } catch (error) {
    const known = await runCommand("sh", ["-c", `command -v ${program}`]);
    if (known.code === 0) throw error;
    console.warn(`skipped: comparison with ${program}, which is not installed`);
    return undefined;
  }
}

async function askJson(program: string, ...args: string[]): Promise<unknown> {
  const text = await ask(program, ...args);
  return text === undefined ? undefined : JSON.parse(text);
}

Deno.test({ name: "traits say what the machine's own tools say", ignore: !isLinux }, async (t) => {
  const traits = await readTraits();
  const of = (name: string): Record<string, unknown> => {
    const trait = traits[name];
    assert.ok(trait !== undefined, `${name} is missing`);
    return trait;
  };

  await t.step("processors, as lscpu and nproc count them", async () => {
    const { lscpu } = Object(await askJson("lscpu", "-J"));
    const field = (name: string): string | undefined =>
      lscpu?.find((entry: { field: string }) => entry.field === `${name}:`)?.data;
    const hardware = of("hardware");
    assert.equal(String(hardware["cpu_count"]), (await ask("nproc"))?.trim());
    if (lscpu === undefined) return;
    assert.equal(hardware["cpu_model"], field("Model name"));
    assert.equal(hardware["cpu_vendor"], field("Vendor ID"));
    assert.equal(String(hardware["cpu_sockets"]), field("Socket(s)"));
    assert.equal(
      hardware["cpu_cores"],
      Number(field("Core(s) per socket")) * Number(field("Socket(s)")),
    );
    assert.equal(String(hardware["cpu_threads_per_core"]), field("Thread(s) per core"));
    assert.equal(of("os")["arch"], field("Architecture"));
  });

  await t.step("memory and swap, as free counts them", async () => {
    const lines = (await ask("free", "-b"))?.split("\n").map((line) => line.split(/\s+/)) ?? [];
    if (lines.length === 0) return;
    const total = (name: string) =>
      Math.round(Number(lines.find(([first]) => first === name)?.[1]) / MIB);
    assert.equal(of("memory")["total_mb"], total("Mem:"));
    assert.equal(of("hardware")["memory_mb"], total("Mem:"));
    assert.equal(of("swap")["total_mb"], total("Swap:"));
  });

  await t.step("addresses and the default route, as ip shows them", async () => {
    const links = await askJson("ip", "-j", "addr");
    if (!Array.isArray(links)) return;
    const shown = links.filter(({ ifname }) => !ifname.startsWith("veth")).map((link) => ({
      name: link.ifname,
      mtu: link.mtu,
      state: link.operstate.toLowerCase(),
      cidr: link.addr_info.map((info: { local: string; prefixlen: number }) =>
        `${info.local}/${info.prefixlen}`
      ).sort(),
    })).sort((a, b) => a.name < b.name ? -1 : 1);
    const told = Object.entries(Object(of("network")["interfaces"])).map(([name, facts]) => {
      const { mtu, state, cidr } = Object(facts);
      return { name, mtu, state, cidr };
    });
    assert.deepEqual(told, shown);
    const routes = await askJson("ip", "-j", "-4", "route", "show", "default");
    const [route] = Array.isArray(routes) ? routes : [];
    assert.equal(of("network")["default_interface"], route?.dev ?? "");
    assert.equal(of("network")["gateway"], route?.gateway);
  });

  await t.step("disks and partitions, as lsblk lists them", async () => {
    const { blockdevices } = Object(
      await askJson("lsblk", "-J", "-b", "-o", "NAME,SIZE,RO,RM,ROTA,TYPE"),
    );
    if (blockdevices === undefined) return;
    const listed = blockdevices.filter(({ size, type }: { size: number; type: string }) =>
      // lsblk hides loop devices that nothing is behind; with something behind they have a size.
      size > 0 && type !== "part"
    );
    for (const { name, size, ro, rm, rota, children = [] } of listed) {
      const told = Object(of("blockdevices")[name]);
      assert.equal(told.size_mb, Math.round(size / MIB), name);
      assert.deepEqual([told.read_only, told.removable, told.rotational], [ro, rm, rota], name);
      const parts = children.filter(({ type }: { type: string }) => type === "part");
      assert.deepEqual(
        Object.entries(told.partitions).map(([part, facts]) => [part, Object(facts).size_mb]),
        parts.map((part: { name: string; size: number }) => [
          part.name,
          Math.round(part.size / MIB),
        ]),
      );
    }
  });

  await t.step("mounts, as findmnt lists them", async () => {
    const found = Object(
      await askJson("findmnt", "-J", "-l", "-o", "TARGET,SOURCE,FSTYPE,OPTIONS"),
    );
    if (found.filesystems === undefined) return;
    const byPath = new Map<string, { source: string; fstype: string; options: string }>(
      found.filesystems.map((mount: { target: string }) => [mount.target, mount]),
    );
    const told = Object.entries(of("mountpoints"));
    assert.ok(told.length > 0);
    for (const [path, facts] of told) {
      const { device, type, options } = Object(facts);
      const mount = byPath.get(path);
      assert.equal(device, mount?.source.replace(/\[.*\]$/, ""), path);
      assert.equal(type, mount?.fstype, path);
      const shown = new Set(mount?.options.split(","));
      assert.deepEqual(options.filter((option: string) => !shown.has(option)), [], path);
    }
    // What holds data and is not told would be an answer that is wrong.
    const disks = found.filesystems.filter(({ source, target }: Record<string, string>) =>
      source?.startsWith("/dev/") && !/^\/(?:dev|run|sys|proc|var\/lib)\//.test(target ?? "")
    );
    for (const { target } of disks) assert.ok(target in of("mountpoints"), target);
  });

  await t.step("room, as df counts it", async () => {
    for (const [path, facts] of Object.entries(of("filesystem"))) {
      const { used_percent: used, inodes_used_percent: inodes, size_mb: size } = Object(facts);
      if (size === undefined) continue;
      const text = await ask("df", "-B1", "--output=size,pcent,ipcent", path);
      const [bytes, percent, inodePercent] = text?.trim().split("\n").at(-1)?.trim()
        .split(/\s+/) ?? [];
      if (text === undefined) return;
      assert.equal(size, Math.round(Number(bytes) / MIB), path);
      // Whoever else works on this machine may write between the two looks.
      if (percent !== "-") assert.ok(Math.abs(used - Number.parseInt(percent ?? "")) <= 1, path);
      const isCounted = inodePercent !== "-" && inodes !== undefined;
      if (isCounted) assert.ok(Math.abs(inodes - Number.parseInt(inodePercent ?? "")) <= 1, path);
    }
  });

  await t.step("packages, as dpkg-query lists them", async () => {
    const text = await ask("dpkg-query", "-W", "-f", "${Status}\t${Package}\t${Version}\n");
    if (text === undefined) return;
    const installed = text.trim().split("\n").map((line) => line.split("\t"))
      .filter(([status]) => status?.endsWith(" installed"));
    const told = Object(of("packages")["installed"]);
    for (const [, name = "", version] of installed) {
      const versions = [
        told[name],
        ...Object.keys(told).filter((key) => key.startsWith(`${name}:`))
          .map((key) => told[key]),
      ];
      assert.ok(versions.includes(version), `${name} ${version}`);
    }
    assert.equal(of("packages")["count"], installed.length);
  });

  await t.step("what kind of machine it is, as systemd-detect-virt sees it", async () => {
    const known = await runCommand("systemd-detect-virt", ["--container"]).catch(() => undefined);
    if (known === undefined) return;
    const runtime = known.stdout.trim();
    assert.equal(of("container")["inside"], runtime !== "none");
    if (runtime !== "none") assert.equal(of("container")["runtime"], runtime);
  });

  await t.step("the name and the start of the system, as the kernel tells them", async () => {
    assert.equal(of("os")["hostname"], (await runOrThrow("uname", ["-n"])).trim());
    assert.equal(of("os")["kernel"], (await runOrThrow("uname", ["-r"])).trim());
    const since = await ask("uptime", "-s");
    if (since === undefined) return;
    const bootMs = Date.parse(String(of("uptime")["booted_at"]));
    const shownMs = new Date(since.trim().replace(" ", "T")).getTime();
    assert.ok(Math.abs(bootMs - shownMs) <= 2_000, `${of("uptime")["booted_at"]} ${since}`);
  });
});

Deno.test({ name: "ports say what ss says, and who listens", ignore: !isLinux }, async () => {
  using tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using tcp6 = Deno.listen({ hostname: "::1", port: 0 });
  const udp = listenUdp();
  using _closing = { [Symbol.dispose]: () => udp.close() };
  const before = await askSockets();
  const ports = (await readTraits())["ports"];
  const after = await askSockets();
  if (before === undefined || after === undefined) return;
  const told = new Set<string>();
  for (const protocol of ["tcp", "udp"]) {
    for (const [port, facts] of Object.entries(Object(ports?.[protocol]))) {
      for (const address of Object(facts).addresses) told.add(`${protocol} ${address} ${port}`);
    }
  }
  const { port } = tcp.addr;
  for (const socket of [tcp.addr, tcp6.addr, udp.addr]) {
    assert.ok("hostname" in socket);
    const name = `${socket.transport} ${socket.hostname} ${socket.port}`;
    assert.ok(told.has(name), `${name} is not among ${[...told].join(", ")}`);
  }
  assert.deepEqual(
    Object(ports?.["tcp"])[port].processes,
    [(await Deno.readTextFile(`/proc/${Deno.pid}/comm`)).trim()],
  );
  // Fleets of other tests listen on one port of many addresses, of which the trait names the first ones.
  const isCut = (socket: string) => {
    const [protocol = "", , number = ""] = socket.split(" ");
    return Object(ports?.[protocol])[number]?.addresses.length === MAX_OF_PORT;
  };
  for (const socket of before) {
    if (after.has(socket) && !isCut(socket)) assert.ok(told.has(socket), socket);
  }
  for (const socket of told) assert.ok(before.has(socket) || after.has(socket), socket);
});

Deno.test(
  { name: "processes say what is started and what has ended", ignore: !isLinux },
  async () => {
    const count = async () =>
      Object((await readTraits())["processes"]?.["by_name"])["vigo-nap"] ?? 0;
    await using root = await TemporaryRoot.create();
    const program = root.join("vigo-nap");
    await Deno.copyFile("/bin/sleep", program);
    const children = [1, 2, 3].map(() => new Deno.Command(program, { args: ["600"] }).spawn());
    try {
      assert.equal(await count(), 3);
    } finally {
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map(({ status }) => status));
    }
    assert.equal(await count(), 0);
  },
);

Deno.test({
  name: "a user without rights gets every trait, without what root alone may know",
  ignore: !isLinux || Deno.uid() !== 0,
}, async () => {
  await using vigo = await UnprivilegedVigo.create();
  await using root = await TemporaryRoot.create();
  await Deno.chmod(root.path, 0o755);
  using tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, stdout, stderr } = await vigo.run(root.path, ["traits", "--json"]);
  assert.equal(code, 0, stderr);
  const theirs: Traits = JSON.parse(stdout);
  const ours = await readTraits();
  assert.deepEqual(Object.keys(theirs).sort(), Object.keys(ours).sort());
  assert.deepEqual(theirs["os"], ours["os"]);
  assert.deepEqual(Object(theirs["ports"]?.["tcp"])[tcp.addr.port], { addresses: ["127.0.0.1"] });
});

function listenUdp(): Deno.DatagramConn {
  for (let port = FIXED_PORTS.first; port < FIXED_PORTS.last; port++) {
    try {
      return Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("Cannot listen: every port is in use");
}

/** Sockets that wait, as `tcp 127.0.0.1 80`; UDP ports that the system gave away by itself are left out. */
async function askSockets(): Promise<ReadonlySet<string> | undefined> {
  const text = await ask("ss", "-lntuH");
  if (text === undefined) return undefined;
  const range = await Deno.readTextFile("/proc/sys/net/ipv4/ip_local_port_range");
  const [first = 0, last = 0] = range.trim().split(/\s+/).map(Number);
  const sockets = text.trim().split("\n").flatMap((line) => {
    const [protocol, , , , local = ""] = line.split(/\s+/);
    const match = local.match(/^(.*):(\d+)$/);
    const port = Number(match?.[2]);
    if (protocol === "udp" && port >= first && port <= last) return [];
    const address = (match?.[1] ?? "").replace(/%.*$/, "").replace(/^\[(.*)\]$/, "$1");
    return [`${protocol} ${address === "*" ? "::" : address} ${port}`];
  });
  return new Set(sockets);
}
