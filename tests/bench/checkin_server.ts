/** The server process of the check-in benchmark: the real service over SQLite, and envoys enrolled in bulk. */
import "reflect-metadata";
import { join } from "node:path";
import process from "node:process";
import { openSqliteStore } from "../../server/store/open_sqlite_store.ts";
import { SimulatedFleet } from "../support/simulated_fleet.ts";
import { answerLine, readCommands } from "./bench_lines.ts";
import { commandSchema, type ServerLine } from "./checkin_protocol.ts";
import { enrolMany, numbered } from "./enrol_many.ts";

const [folder = "", count = ""] = Deno.args;
const store = await openSqliteStore(join(folder, "bench.db"));
const server = await SimulatedFleet.start({ store });
await Deno.writeTextFile(
  join(folder, "identities.json"),
  JSON.stringify(await enrolMany(server, numbered("envoy", Number(count)))),
);
answer({ kind: "ready", address: server.address });
for await (const command of readCommands(commandSchema)) {
  if (command.kind === "stop") break;
  if (command.kind === "usage") {
    // Read first: the collection below is this benchmark's cost and no check-in's.
    const { user, system } = process.cpuUsage();
    // Without it the figure would say when the collector last ran, not what is held.
    if (typeof globalThis.gc === "function") globalThis.gc();
    answer({
      kind: "usage",
      cpuMs: (user + system) / 1000,
      rssBytes: Deno.memoryUsage().rss,
      streams: server.fleet.streams.size,
    });
  }
}
await server[Symbol.asyncDispose]();
await store.close();
Deno.exit(0);

function answer(line: ServerLine): void {
  answerLine(line);
}

declare global {
  /** Present with `--v8-flags=--expose-gc`. */
  var gc: (() => void) | undefined;
}
