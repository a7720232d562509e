/** The agents' process of the check-in benchmark: a TLS connection, a stream and real keys for each envoy. */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { CheckInResponse, SignedRequest } from "../../shared/proto/agent.ts";
import { SimulatedEnvoy, type SimulatedIdentity } from "../support/simulated_envoy.ts";
import { percentile } from "./bench_report.ts";
import { answerLine, readCommands } from "./bench_lines.ts";
import { eachOf } from "../../shared/platform/each_of.ts";
import {
  type AgentsLine,
  type Command,
  commandSchema,
  traitFixtureSchema,
} from "./checkin_protocol.ts";

/** Handshakes under way at a time. */
const CONNECTING = 32;

const [folder = "", address = ""] = Deno.args;
const fixture = traitFixtureSchema.parse(
  JSON.parse(
    await Deno.readTextFile(new URL("../fixtures/traits/debian_12.json", import.meta.url)),
  ),
);
const volatile = fixture.volatile.map((traits) => Buffer.from(JSON.stringify(traits)));
// Written a moment ago by the server process of this benchmark.
const identities = JSON.parse(
  await Deno.readTextFile(join(folder, "identities.json")),
) as SimulatedIdentity[];
const envoys: SimulatedEnvoy[] = [];
let turn = 0;

for await (const command of readCommands(commandSchema)) {
  if (command.kind === "stop") break;
  if (command.kind === "connect") await connect(command.streams);
  if (command.kind === "settle") await settle();
  if (command.kind === "measure") await measure(command);
}
Deno.exit(0);

async function connect(streams: number): Promise<void> {
  const startedMs = performance.now();
  const before = envoys.length;
  const waiting = identities.slice(before, streams).map((identity) =>
    new SimulatedEnvoy({ address, identity, stableTraits: fixture.stable })
  );
  envoys.push(...waiting);
  await eachOf(waiting, CONNECTING, async (envoy) => {
    await envoy.openStream();
  });
  const seconds = (performance.now() - startedMs) / 1000;
  answer({ kind: "connected", streams: streams - before, seconds });
}

async function settle(): Promise<void> {
  await eachOf(envoys, CONNECTING, async (envoy) => {
    await envoy.settle();
  });
  answer({ kind: "settled", envoys: envoys.length });
}

async function measure(
  { seconds, concurrency, perSecond }: Extract<Command, { kind: "measure" }>,
): Promise<void> {
  const latenciesMs: number[] = [];
  let messageBytes = 0;
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  let sent = 0;
  const worker = async () => {
    while (performance.now() < endMs) {
      if (perSecond !== undefined) {
        const dueMs = startedMs + sent * 1000 / perSecond;
        sent += 1;
        const waitMs = dueMs - performance.now();
        if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
      turn += 1;
      const envoy = envoys[turn % envoys.length];
      if (!envoy) throw new Error("Cannot measure: no envoy is connected");
      const volatileTraits = volatile[turn % volatile.length] ?? Buffer.alloc(0);
      const request = envoy.sign("CheckIn", envoy.checkInBody({ volatileTraits }));
      const sentMs = performance.now();
      const response = await envoy.sendCheckIn(request);
      latenciesMs.push(performance.now() - sentMs);
      envoy.keep(response);
      if (!response.noChange) throw new Error("a check-in that is measured changed something");
      messageBytes += SignedRequest.encode(request).finish().length +
        CheckInResponse.encode(response).finish().length;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  answer({
    kind: "measured",
    checkIns: latenciesMs.length,
    seconds: (performance.now() - startedMs) / 1000,
    messageBytes,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  });
}

function answer(line: AgentsLine): void {
  answerLine(line);
}
