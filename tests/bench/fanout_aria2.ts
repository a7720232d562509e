import { join } from "node:path";
import { runOrThrow } from "../support/run_command.ts";
import type { FanoutRival } from "./fanout_rival.ts";
import { readProcessCost } from "./process_cost.ts";

const DEADLINE_MS = 300_000;
const PORT = 6881;
const TRACKER_PORT = 6969;
const PIECE_LENGTH_POWER = "20";

/**
 * BitTorrent without encryption: aria2 everywhere, and a tracker of the benchmark's own beside the origin. The torrent is
 * made before, as Vigo's seed is hashed before; the clock begins when the receivers are started with it, and completion is
 * what each says itself.
 */
export const ARIA2: FanoutRival = {
  name: "aria2",
  needs: [
    { program: "aria2c", package: "aria2", purpose: "the rival aria2" },
    { program: "mktorrent", package: "mktorrent", purpose: "the rival aria2" },
  ],
  async measure({ name, receivers, fileBytes }, { net, folder, content, progress }) {
    await using started = new AsyncDisposableStack();
    const tracker = new URL("./fanout_tracker.ts", import.meta.url).pathname;
    const { address } = net.host(0);
    const args = ["run", "-A", "--no-check", "--quiet", tracker, address];
    const tracking = started.use(net.host(0).start(Deno.execPath(), args));
    await tracking.waitForLine(/^listening$/, DEADLINE_MS);
    const [file] = await Array.fromAsync(Deno.readDir(content));
    if (!file) throw new Error(`Cannot measure ${name}: there is no content`);
    const torrent = join(folder, "content.torrent");
    await runOrThrow("mktorrent", [
      ...["-a", `http://${address}:${TRACKER_PORT}/announce`],
      ...["-l", PIECE_LENGTH_POWER, "-o", torrent, join(content, file.name)],
    ]);
    const start = async (index: number, options: readonly string[]) => {
      const own = join(folder, `aria2-${index}`);
      await Deno.mkdir(own, { recursive: true });
      return started.use(
        net.host(index).start("aria2c", [
          ...[
            "--no-conf",
            `--dir=${own}`,
            `--listen-port=${PORT}`,
            `--bt-external-ip=${net.host(index).address}`,
          ],
          ...["--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false"],
          ...["--enable-peer-exchange=false", "--disable-ipv6=true", "--seed-ratio=0.0"],
          ...["--file-allocation=none", "--bt-tracker-interval=1", "--summary-interval=0"],
          ...["--show-console-readout=false", ...options, torrent],
        ]),
      );
    };
    const seed = join(folder, "aria2-0");
    await Deno.mkdir(seed);
    await Deno.copyFile(join(content, file.name), join(seed, file.name));
    const origin = await start(0, ["--bt-seed-unverified=true"]);
    await tracking.waitForLine(new RegExp(`^peer ${address}:`), DEADLINE_MS);
    progress(`${name}: spreading with aria2`);
    const bornMs = Date.now();
    const hook = join(folder, "done.sh");
    await Deno.writeTextFile(hook, "#!/bin/sh\necho complete-at $(date +%s%3N)\n", { mode: 0o755 });
    const before = await readProcessCost(origin.pid);
    const others = await Promise.all(
      Array.from(
        { length: receivers },
        (_, index) => start(index + 1, [`--on-bt-download-complete=${hook}`]),
      ),
    );
    const seconds = await Promise.all(others.map(async (process) => {
      const [, atMs] = await process.waitForLine(/complete-at (\d+)/, DEADLINE_MS);
      return (Number(atMs) - bornMs) / 1000;
    }));
    const after = await Promise.all([origin, ...others].map(({ pid }) => readProcessCost(pid)));
    return {
      seconds,
      deliveredBytes: receivers * fileBytes,
      cpuMs: after.reduce((sum, { cpuMs }) => sum + cpuMs, -before.cpuMs),
      peakRssBytes: after.slice(1).map(({ peakRssBytes }) => peakRssBytes),
      files: 1,
    };
  },
};
