import assert from "node:assert/strict";
import fc from "fast-check";
import { fakeSystem } from "./fake_system.ts";
import { parseNetstat, parseNetstatMtus } from "./netstat.ts";
import { ports } from "./ports.ts";
import { parseProcNetSockets } from "./proc_net_sockets.ts";

const { signal } = new AbortController();
const HEADING =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const line = (local: string, remote: string, state: string, inode: number) =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0\n`;
const ANY4 = "00000000:0000";
const ANY6 = "00000000000000000000000000000000:0000";

const MACHINE = {
  files: {
    "/proc/net/tcp": HEADING + line("00000000:0016", ANY4, "0A", 101) +
      line("0100007F:1538", ANY4, "0A", 102) + line("0200A8C0:0016", "0300A8C0:D431", "01", 103),
    "/proc/net/tcp6": HEADING +
      line("00000000000000000000000000000000:0016", ANY6, "0A", 104) +
      line("00000000000000000000000001000000:0277", ANY6, "0A", 105),
    "/proc/net/udp": HEADING + line("3500007F:0035", ANY4, "07", 106) +
      line("00000000:A001", ANY4, "07", 107) + line("00000000:CA6C", ANY4, "07", 0),
    "/proc/sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
    "/proc/12/comm": "sshd\n",
  },
  folders: { "/proc": ["12", "13", "net"], "/proc/12/fd": ["0", "3", "4"] },
  links: {
    "/proc/12/fd/0": "/dev/null",
    "/proc/12/fd/3": "socket:[101]",
    "/proc/12/fd/4": "socket:[104]",
  },
};

Deno.test("ports on which something waits come with addresses and, where known, programs", async () => {
  assert.deepEqual(await ports.collect(fakeSystem(MACHINE), signal), {
    tcp: {
      "22": { addresses: ["0.0.0.0", "::"], processes: ["sshd"] },
      "631": { addresses: ["::1"] },
      "5432": { addresses: ["127.0.0.1"] },
    },
    udp: {
      "53": { addresses: ["127.0.0.53"] },
      // The kernel's own, such as WireGuard's; the port of a question that some program asked is not here.
      "51820": { addresses: ["0.0.0.0"] },
    },
    omitted: 0,
  });
});

Deno.test("a machine that tells no sockets fails instead of having no ports", async () => {
  await assert.rejects(ports.collect(fakeSystem(), signal), /which ports are open/);
});

Deno.test("more ports than travel are counted", async () => {
  const many = Array.from(
    { length: 600 },
    (_, index) =>
      line(`00000000:${(1024 + index).toString(16).toUpperCase().padStart(4, "0")}`, ANY4, "0A", 1),
  );
  const system = fakeSystem({ files: { "/proc/net/tcp": HEADING + many.join("") } });
  const { tcp, omitted } = Object(await ports.collect(system, signal));
  assert.equal(Object.keys(tcp).length, 512);
  assert.equal(omitted, 88);
});

Deno.test("every IPv4 address and port reads as it was written", () => {
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(
      fc.tuple(byte, byte, byte, byte),
      fc.integer({ min: 1, max: 65_535 }),
      (ip, port) => {
        const hex = (value: number, digits: number) =>
          value.toString(16).toUpperCase().padStart(digits, "0");
        const local = `${ip.toReversed().map((part) => hex(part, 2)).join("")}:${hex(port, 4)}`;
        assert.deepEqual(parseProcNetSockets(HEADING + line(local, ANY4, "0A", 9), "tcp"), [
          { protocol: "tcp", address: ip.join("."), port, inode: "9" },
        ]);
      },
    ),
  );
});

Deno.test("socket tables can hold any text", () => {
  fc.assert(fc.property(fc.string(), fc.constantFrom("tcp", "udp"), (text, protocol) => {
    parseProcNetSockets(`${HEADING}${text}\n${line(text, ANY4, "0A", 1)}`, protocol);
    parseNetstat(text);
    parseNetstatMtus(`\n${text}`);
  }));
});
