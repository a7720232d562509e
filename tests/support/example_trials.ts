import assert from "node:assert/strict";
import { join } from "node:path";
import { faultsOf, type MachineFleet } from "./machine_fleet.ts";
import { MachineNeighbour } from "./machine_neighbour.ts";
import type { ThrowawayMachine } from "./throwaway_machine.ts";

/** One example: what it should have done as others see it, and what somebody then spoils. */
export interface ExampleTrial {
  readonly example: string;
  /** One that the example's `envoys.vgo` names. */
  readonly hostname: string;
  prepare?(fleet: MachineFleet): Promise<unknown>;
  /** What can be seen without asking Vigo; once after the first run, and once after everything was spoilt. */
  look(machine: ThrowawayMachine): Promise<void>;
  /** Why it cannot be tried there, if it cannot. */
  obstacle?(machine: ThrowawayMachine): Promise<string | undefined>;
  /** Shell commands of somebody who works by hand. */
  readonly spoil: string;
  /** Ids of the resources that put it right. */
  readonly healed: readonly string[];
  /** What else the example promises. */
  after?(fleet: MachineFleet, machine: ThrowawayMachine): Promise<void>;
}

/** In the order in which one machine goes through them. */
export const EXAMPLE_TRIALS: readonly ExampleTrial[] = [
  {
    example: "web-server",
    hostname: "web-1",
    async look(machine) {
      const get = (host: string, path: string) => visit(machine, host, path);
      assert.match(
        await get("www.example.com", "/"),
        /<h1>Example<\/h1>\s+<p>Served by web-1\..*200$/s,
      );
      assert.match(await get("example.com", "/"), /<h1>Example<\/h1>/);
      assert.match(await get("status.example.com", "/"), /<h1>Status<\/h1>/);
      assert.match(await get("www.example.com", "/.git/config"), /403$/);
      assert.equal(await get("somebody.invalid", "/"), "000");
    },
    spoil: `echo 'worker_connections 3;' > /etc/nginx/conf.d/www.example.com.conf
      rm /srv/www/status.example.com/index.html
      systemctl stop nginx
      systemctl disable nginx`,
    healed: [
      "exec:check nginx",
      "file:/srv/www/status.example.com/index.html",
      "file:site www.example.com",
      "service:nginx",
      "service:reload nginx",
    ],
    async after(fleet, machine) {
      // A mistake in the template of all sites: nginx refuses it, and serves what it has, also after a restart.
      const site = join(machine.root, "srv/vigo/stacks/templates/nginx/site.conf");
      await Deno.writeTextFile(site, "server { listen {{ vars.port }}; serve_all; }\n");
      await fleet.cli(["config", "publish", "-m", "mistake"]);
      const refused = faultsOf(await fleet.run());
      assert.match(refused[0]?.reason ?? "", /the new content was refused: .*"serve_all"/s);
      const outcomes = new Set(refused.map(({ outcome }) => outcome));
      assert.deepEqual(outcomes, new Set(["failed", "skipped"]));
      await machine.runOrThrow("systemctl", ["restart", "nginx"]);
      assert.match(await visit(machine, "www.example.com", "/"), /<h1>Example<\/h1>/);
    },
  },
  {
    example: "users-with-keys",
    hostname: "web-1",
    prepare: (fleet) =>
      fleet.cli(["secrets", "set", "accounts/console", "--stdin"], CONSOLE_PASSWORD),
    async look(machine) {
      const run = (command: string, ...args: readonly string[]) =>
        machine.runOrThrow(command, args);
      const sudo = (user: string) =>
        machine.run("setpriv", [
          "--reuid",
          user,
          "--regid",
          user,
          "--init-groups",
          "sudo",
          "-n",
          "id",
          "-u",
        ]);
      assert.equal(await run("id", "-un", "4001"), "mara\n");
      assert.equal(await run("id", "-Gn", "mara"), "mara operators\n");
      assert.equal((await machine.run("getent", ["passwd", "erik"])).code, 2);
      assert.equal((await sudo("mara")).stdout, "0\n");
      assert.notEqual((await sudo("jon")).code, 0);
      for (
        const [user, home] of [["mara", "/home/mara"], ["jon", "/home/jon"], [
          "deploy",
          "/var/lib/deploy",
        ]]
      ) {
        const keys = await run("ssh-keygen", "-l", "-f", `${home}/.ssh/authorized_keys`);
        assert.match(keys, new RegExp(`^256 SHA256:\\S+ ${user}@\\w+ \\(ED25519\\)\n$`));
      }
      const [, hash = ""] = (await run("getent", "shadow", "console")).split(":");
      const [, , salt = ""] = hash.split("$");
      const again = await machine.runOrThrow("openssl", ["passwd", "-6", "-salt", salt, "-stdin"], {
        stdin: `${CONSOLE_PASSWORD}\n`,
      });
      assert.equal(again.trim(), hash);
      assert.match(await run("cat", "/var/lib/vigo/usercrate-policy/mara.json"), /"poolq":true/);
    },
    spoil: `useradd erik
      gpasswd --delete mara operators
      echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHJlcGxhY2UgdGhpcyBrZXkgYnkgdGhhdCBvZiBqb24h x' >> /home/mara/.ssh/authorized_keys
      echo 'console:guessed' | chpasswd
      echo 'ALL ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/operators`,
    healed: ["file:/etc/sudoers.d/operators", "user:console", "user:erik", "user:mara"],
  },
  {
    // The machine counts as a container: its kernel's own parameters and the clock are not the machine's to set.
    example: "hardening",
    hostname: "web-1",
    async look(machine) {
      const parameters = ["net.ipv4.conf.all.rp_filter", "net.ipv4.conf.all.accept_redirects"];
      assert.equal(await machine.runOrThrow("sysctl", ["-n", ...parameters]), "1\n0\n");
      assert.equal(
        await machine.runOrThrow("readlink", ["-f", "/etc/localtime"]),
        "/usr/share/zoneinfo/Etc/UTC\n",
      );
      const clock = await machine.runOrThrow("chronyd", ["-p", "-f", "/etc/chrony/chrony.conf"]);
      assert.doesNotMatch(clock, /^(?:server|pool) /m);
      const folder = /^sourcedir (\/etc\/.*)$/m.exec(clock)?.[1] ?? "";
      const sources = await machine.runOrThrow("cat", [`${folder}/fleet.sources`]);
      assert.equal(sources, [1, 2, 3].map((n) => `server ntp${n}.example.com iburst\n`).join(""));
      const settings = await machine.runOrThrow("sshd", ["-T"]);
      assert.match(settings, /^passwordauthentication no$/m);
      // What a stranger is offered, by the sshd that runs.
      const options = [
        "BatchMode=yes",
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
      ];
      const stranger = await machine.run("ssh", [
        ...options.flatMap((option) => ["-o", option]),
        "root@127.0.0.1",
        "true",
      ]);
      assert.match(stranger.stderr, /Permission denied \(publickey\)/);
    },
    spoil: `sysctl -qw net.ipv4.conf.all.accept_redirects=1
      ln -sf /usr/share/zoneinfo/Asia/Tokyo /etc/localtime
      echo 'pool time.invalid' >> /etc/chrony/chrony.conf
      echo 'PasswordAuthentication yes' > /etc/ssh/sshd_config.d/10-hardening.conf
      systemctl reload ssh`,
    healed: [
      "exec:check sshd",
      "file:/etc/ssh/sshd_config.d/10-hardening.conf",
      "file_line:no other time servers",
      "service:reload sshd",
      "sysctl:net.ipv4.conf.all.accept_redirects",
      "timezone:Etc/UTC",
    ],
  },
  {
    // sshd runs since the trial before.
    example: "swarm-firewall",
    hostname: "edge-1",
    async obstacle(machine) {
      await machine.runOrThrow("apt-get", ["install", "--yes", "nftables"]);
      const { code, stderr } = await machine.run("nft", ["list", "ruleset"]);
      return code === 0 ? undefined : `this kernel has no nftables: ${stderr.trim()}`;
    },
    async look(machine) {
      await using neighbour = await MachineNeighbour.connect(machine);
      await Deno.writeTextFile(join(machine.root, "root/hear.ts"), HEAR);
      const deno = ["run", "--allow-all", "--no-check", "--unstable-net"];
      await using ear = machine.start(Deno.execPath(), [...deno, "/root/hear.ts"]);
      await ear.waitForLine(/^listening$/);
      const call = (port: number) =>
        neighbour.run("bash", ["-c", `exec 3<>/dev/tcp/192.0.2.1/${port} && head -c 4 <&3`]);
      assert.equal((await call(1531)).stdout, "here");
      assert.equal((await call(22)).stdout, "SSH-");
      // Nobody answers a packet that is dropped: a closed port would.
      const dropped = await neighbour.run("curl", [
        "--silent",
        "--connect-timeout",
        "1",
        "http://192.0.2.1:9999/",
      ]);
      assert.equal(dropped.code, 28);
      const send = (address: string, port: number) =>
        neighbour.run("bash", ["-c", `echo ${address} > /dev/udp/${address}/${port}`]);
      // One cable keeps the order: what came after is here, so what was let in before would be, too.
      await send("192.0.2.1", 9999);
      await send("192.0.2.1", 1531);
      await send("224.0.0.42", 1531);
      await ear.waitForLine(/^1531 192\.0\.2\.1$/);
      await ear.waitForLine(/^1531 224\.0\.0\.42$/);
      assert.doesNotMatch(ear.output("stdout"), /^9999 /m);
      // The machine itself calls whom it likes, and is answered.
      const closed = await machine.run("curl", ["--silent", "http://192.0.2.2/"]);
      assert.equal(closed.code, 7);
    },
    spoil: "nft delete table inet vigo",
    // The first rule that is missed brings the whole table back.
    healed: ["firewall:swarm chunks"],
  },
  {
    example: "container-host",
    hostname: "containers-1",
    async look(machine) {
      const info = async (format: string) =>
        (await machine.runOrThrow("podman", ["info", "--format", format])).trim();
      assert.equal(
        await info("{{.Host.NetworkBackend}} {{.Host.OCIRuntime.Name}} {{.Host.LogDriver}}"),
        "netavark crun journald",
      );
      assert.equal(await info("{{.Store.ImageStore.Number}}"), "0");
      const trust = await machine.runOrThrow("podman", ["image", "trust", "show"]);
      assert.match(trust, /^repository +registry\.example\.com +accept/m);
      // A name without a registry is nobody's image.
      const short = await machine.run("podman", ["pull", "nobodys-image"]);
      assert.match(short.stderr, /short-name "nobodys-image" did not resolve/);
      const linger = await machine.runOrThrow("loginctl", ["show-user", "containers", "-PLinger"]);
      assert.equal(linger, "yes\n");
      // The numbers as newuidmap sees them. A container of the account cannot be tried: the kernel makes no user
      // namespace below a chroot, which is what the machine is.
      for (const kind of [[], ["-g"]]) {
        const numbers = await machine.runOrThrow("getsubids", [...kind, "containers"]);
        assert.equal(numbers, "0: containers 1000000 65536\n");
      }
      assert.notEqual((await machine.run("systemctl", ["is-active", "podman.socket"])).code, 0);
    },
    spoil: `sed -i /containers/d /etc/subuid
      systemctl start podman.socket
      sed -i s/reject/insecureAcceptAnything/ /etc/containers/policy.json
      echo 'unqualified-search-registries = ["somebody.invalid"]' > /etc/containers/registries.conf.d/50-fleet.conf
      rm /etc/cron.d/podman-prune`,
    healed: [
      "cron:podman-prune",
      "file:/etc/containers/registries.conf.d/50-fleet.conf",
      "file_line:numbers for users",
      "json_file:/etc/containers/policy.json",
      "service:podman.socket",
    ],
  },
];

const CONSOLE_PASSWORD = "only for emergencies";

/** Greets who calls by TCP, and prints each datagram with the port it came to; one of the group 224.0.0.42 too. */
const HEAR = `const ports = [1531, 9999];
for (const port of ports) {
  void (async () => {
    for await (const link of Deno.listen({ port })) {
      await link.write(new TextEncoder().encode("here"));
      link.close();
    }
  })();
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port });
  await socket.joinMulticastV4("224.0.0.42", "192.0.2.1");
  void (async () => {
    for await (const [bytes] of socket) {
      console.log(port + " " + new TextDecoder().decode(bytes).trim());
    }
  })();
}
console.log("listening");
`;

async function visit(machine: ThrowawayMachine, host: string, path: string): Promise<string> {
  const header = ["--header", `Host: ${host}`, `http://127.0.0.1${path}`];
  return (await machine.run("curl", ["--silent", "--write-out", "%{http_code}", ...header])).stdout;
}
