import { join } from "node:path";
import { runOrThrow } from "../support/run_command.ts";
import { type FanoutRival, timeFiles } from "./fanout_rival.ts";
import { readProcessCost } from "./process_cost.ts";

const DEADLINE_MS = 300_000;
const API_KEY = "benchmark";
const PORT = 22_000;
const GUI_PORT = 8384;

interface Device {
  readonly id: string;
  readonly home: string;
  readonly files: string;
  readonly address: string;
}

/**
 * Syncthing over TLS: every device knows every other by its address, nothing outside the network is asked, and the clock
 * begins once the origin has hashed the content, as it does for Vigo. Completion is when the file stands under its name.
 */
export const SYNCTHING: FanoutRival = {
  name: "syncthing",
  needs: [{ program: "syncthing", package: "syncthing", purpose: "the rival Syncthing" }],
  async measure({ name, receivers, fileBytes }, { net, folder, content, progress }) {
    await using started = new AsyncDisposableStack();
    const devices = await Promise.all(
      Array.from(
        { length: receivers + 1 },
        (_, index) => makeDevice(join(folder, `syncthing-${index}`), net.host(index).address),
      ),
    );
    progress(`${name}: starting ${devices.length} × syncthing`);
    const processes = await Promise.all(devices.map(async ({ home }, index) => {
      await Deno.writeTextFile(join(home, "config.xml"), toConfig(devices, index));
      // Without its guardian there is one process to measure.
      const env = { STMONITORED: "1", STNOUPGRADE: "1", HOME: home };
      const args = ["serve", `--home=${home}`, "--no-browser", "--no-default-folder"];
      const process = net.host(index).start("syncthing", args, { env });
      started.use(process);
      return process;
    }));
    const ask = (index: number, path: string, method = "GET") =>
      net.host(index).run("curl", [
        ...["-s", "-X", method, "-H", `X-API-Key: ${API_KEY}`],
        `http://127.0.0.1:${GUI_PORT}${path}`,
      ]);
    for (const index of devices.keys()) {
      await until(`device ${index} knows all others`, async () => {
        const { stdout } = await ask(index, "/rest/system/connections");
        return (stdout.match(/"connected": true/g)?.length ?? 0) === receivers;
      });
    }
    const before = await Promise.all(processes.map(({ pid }) => readProcessCost(pid)));
    progress(`${name}: spreading with syncthing`);
    const [origin, ...others] = devices;
    if (!origin) throw new Error("unreachable: there is an origin");
    for await (const file of Deno.readDir(content)) {
      await Deno.copyFile(join(content, file.name), join(origin.files, file.name));
      const scanned = ask(0, "/rest/db/scan?folder=bench", "POST");
      await scanned;
      const bornMs = Date.now();
      const paths = others.map(({ files }) => join(files, file.name));
      const seconds = await timeFiles(paths, fileBytes, bornMs, DEADLINE_MS);
      const after = await Promise.all(processes.map(({ pid }) => readProcessCost(pid)));
      return {
        seconds,
        deliveredBytes: receivers * fileBytes,
        cpuMs: after.reduce((sum, { cpuMs }, at) => sum + cpuMs - (before[at]?.cpuMs ?? 0), 0),
        peakRssBytes: after.slice(1).map(({ peakRssBytes }) => peakRssBytes),
        files: 1,
      };
    }
    throw new Error(`Cannot measure ${name}: there is no content`);
  },
};

async function makeDevice(home: string, address: string): Promise<Device> {
  const files = join(home, "files");
  await runOrThrow("syncthing", ["generate", `--home=${home}`, "--no-default-folder"], {
    env: { HOME: home },
  });
  await Deno.mkdir(join(files, ".stfolder"), { recursive: true });
  const id = await runOrThrow("syncthing", [`--home=${home}`, "--device-id"], {
    env: { HOME: home },
  });
  return { id: id.trim(), home, files, address };
}

function toConfig(devices: readonly Device[], index: number): string {
  const own = devices[index];
  if (!own) throw new RangeError(`Cannot configure device ${index}: there is none`);
  return `<configuration version="36">
  <folder id="bench" label="bench" path="${own.files}" type="sendreceive" rescanIntervalS="0" fsWatcherEnabled="false" ignorePerms="true">
    ${devices.map(({ id }) => `<device id="${id}"></device>`).join("\n    ")}
    <minDiskFree unit="%">0</minDiskFree>
  </folder>
  ${
    devices.map(({ id, address }, at) =>
      `<device id="${id}" name="d${at}" compression="never" introducer="false"><address>tcp://${address}:${PORT}</address></device>`
    ).join("\n  ")
  }
  <gui enabled="true" tls="false"><address>127.0.0.1:${GUI_PORT}</address><apikey>${API_KEY}</apikey></gui>
  <options>
    <listenAddress>tcp://${own.address}:${PORT}</listenAddress>
    <globalAnnounceEnabled>false</globalAnnounceEnabled>
    <localAnnounceEnabled>false</localAnnounceEnabled>
    <relaysEnabled>false</relaysEnabled>
    <natEnabled>false</natEnabled>
    <reconnectionIntervalS>2</reconnectionIntervalS>
    <startBrowser>false</startBrowser>
    <urAccepted>-1</urAccepted>
    <autoUpgradeIntervalH>0</autoUpgradeIntervalH>
    <crashReportingEnabled>false</crashReportingEnabled>
    <minHomeDiskFree unit="%">0</minHomeDiskFree>
  </options>
</configuration>
`;
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!await look()) {
    if (performance.now() > endMs) throw new Error(`Waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
