import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { enrollTokenCreate } from "../../shared/rest/enroll.ts";
import { allocateLoopback, type LoopbackEndpoint } from "../../tests/support/loopback_addresses.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { findFreePorts } from "../../tests/support/free_port.ts";
import type { TestProcess } from "../../tests/support/process.ts";
import { runProgram, startProgram } from "./run_program.ts";

/** Seconds between check-ins: short, so that nobody waits for the next one. */
const CHECK_IN_SECONDS = 2;

/** One machine of the fleet. */
export interface DemoHost {
  readonly hostname: string;
  readonly root: string;
  readonly place: LoopbackEndpoint;
}

/** A server and some envoys as processes on this machine, each with a root folder of its own. */
export interface DemoFleet {
  readonly hosts: readonly DemoHost[];
  /** The server's own host, which originates filecasts. */
  readonly hub: DemoHost;
  readonly restUrl: string;
  readonly caFile: string;
  startServer(): Promise<void>;
  stopServer(): Promise<void>;
  enrol(host: DemoHost): Promise<void>;
  startAgent(host: DemoHost): Promise<void>;
  /** Runs `vigocli` against this fleet and returns its standard output. */
  cli(...args: string[]): Promise<string>;
  /** The last lines that a process of the fleet printed, for an error. */
  logs(): string;
  stop(): Promise<void>;
}

/** Lays out the fleet below `folder`; nothing is started. */
export async function createDemoFleet(
  folder: string,
  hostnames: readonly [string, ...string[]],
): Promise<DemoFleet> {
  const places = allocateLoopback(hostnames.length, 1531);
  const [grpcPort, restPort] = findFreePorts(2);
  const hosts = hostnames.map((hostname, index): DemoHost => {
    const place = places[index];
    if (place === undefined) throw new Error("unreachable: a place was allocated for each");
    return { hostname, root: join(folder, hostname), place };
  });
  const [hub] = hosts;
  if (hub === undefined) throw new Error("unreachable: the list of hostnames is not empty");
  const restUrl = `https://${hub.place.hostname}:${restPort}`;
  const caFile = join(hub.root, "srv/vigo/tls/ca.crt");

  await Deno.mkdir(join(hub.root, "srv/vigo"), { recursive: true });
  await Deno.writeTextFile(
    join(hub.root, "srv/vigo/server.yaml"),
    stringify({
      server: {
        hostname: hub.hostname,
        listen: hub.place.hostname,
        grpc_port: grpcPort,
        rest_port: restPort,
        tls_sans: [hub.place.hostname],
      },
      checkin: { interval: `${CHECK_IN_SECONDS}s` },
      swarm: { enabled: ["*"], payload: { enabled: ["*"] } },
    }),
  );

  let server: TestProcess | undefined;
  const agents = new Map<string, TestProcess>();
  const cli = (...args: string[]) =>
    runProgram("vigocli", [...args, "--root", hub.root, "--server", restUrl]);

  return {
    hosts,
    hub,
    restUrl,
    caFile,
    cli,
    startServer: async () => {
      server = startProgram("vigosrv", ["--root", hub.root]);
      await server.waitForLine(/listening|ready/i, 30_000);
    },
    stopServer: async () => {
      await server?.stop();
      server = undefined;
    },
    enrol: async (host) => {
      const printed = await cli("enroll", "token", "create", "--hostname", host.hostname, "--json");
      const { token } = tokenSchema.parse(JSON.parse(printed));
      await runProgram(
        "vigo",
        [
          "bootstrap",
          "--root",
          host.root,
          "--server",
          restUrl,
          "--ca",
          caFile,
          "--hostname",
          host.hostname,
        ],
        { VIGO_TOKEN: token },
      );
      await writeAgentConfig(host);
    },
    startAgent: async (host) => {
      const agent = startProgram("vigo", ["daemon", "--root", host.root], {
        // A laptop's disk is often fuller than a server's; the gate itself stays on.
        VIGO_MIN_FREE_PCT: "1",
      });
      agents.set(host.hostname, agent);
      await eventually(
        `${host.hostname} answers on its socket`,
        () => Deno.stat(join(host.root, "var/run/vigo/agent.sock")),
        30_000,
      );
    },
    logs: () =>
      [["vigosrv", server] as const, ...agents].map(([name, process]) =>
        `--- ${name}\n${process?.lines.slice(-8).map(({ text }) => text).join("\n") ?? ""}`
      ).join("\n"),
    stop: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.stop()));
      agents.clear();
      await server?.stop();
    },
  };
}

const tokenSchema = enrollTokenCreate.answer.pick({ token: true });

/** Adds where this machine is to the configuration that bootstrap wrote. */
async function writeAgentConfig({ root, place }: DemoHost): Promise<void> {
  const path = join(root, "etc/vigo-envoy/config");
  const existing = z.string().parse(await Deno.readTextFile(path));
  const swarm = stringify({
    swarm: {
      listen_address: place.hostname,
      ...(place.port === 1531 ? {} : { port: place.port }),
    },
  });
  await Deno.writeTextFile(path, `${existing.trimEnd()}\n${swarm}`);
}
