/** A process of the dispatch benchmark's agents: a TLS connection and a stream for each, and orders answered as agents do. */
import { acceptDispatch } from "../../agent/tasks/accept_order.ts";
import { loadVerifier } from "../../shared/crypto/ed25519.ts";
import { judgeCommand } from "../../shared/guardrails/judge_command.ts";
import type { ServerMessage } from "../../shared/proto/agent.ts";
import {
  RefusedCall,
  SimulatedEnvoy,
  type SimulatedIdentity,
  type SimulatedStream,
} from "../support/simulated_envoy.ts";
import { answerLine, readCommands } from "./bench_lines.ts";
import { agentsCommandSchema, type AgentsLine, preciseTimeMs } from "./dispatch_protocol.ts";
import { eachOf } from "../../shared/platform/each_of.ts";

/** Handshakes under way at a time. */
const CONNECTING = 16;
const ATTEMPTS = 20;
const RETRY_MS = 1_000;

const [file = "", address = ""] = Deno.args;
// Written a moment ago by the server process of this benchmark.
const identities = JSON.parse(await Deno.readTextFile(file)) as SimulatedIdentity[];
const [first] = identities;
if (first === undefined) throw new Error("Cannot simulate agents: no identity was given");
const verifier = loadVerifier(Uint8Array.fromBase64(first.serverKey));
let reachedAtMs: number[] = [], storedAtMs: number[] = [];
let bell = Promise.withResolvers<void>();

for await (const command of readCommands(agentsCommandSchema)) {
  if (command.kind === "stop") break;
  if (command.kind === "connect") {
    await eachOf(identities, CONNECTING, connect);
    answer({ kind: "connected" });
  } else {
    while (storedAtMs.length < identities.length) {
      bell = Promise.withResolvers();
      await bell.promise;
    }
    answer({ kind: "collected", reachedAtMs, storedAtMs });
    reachedAtMs = [];
    storedAtMs = [];
  }
}
Deno.exit(0);

async function connect(identity: SimulatedIdentity): Promise<void> {
  const { raw } = await openStream(identity);
  raw.on("data", ({ taskDispatch, taskResultStored }: ServerMessage) => {
    if (taskResultStored) {
      storedAtMs.push(preciseTimeMs());
      bell.resolve();
    }
    if (!taskDispatch) return;
    reachedAtMs.push(preciseTimeMs());
    const opened = acceptDispatch(taskDispatch, verifier, identity.uuid);
    if (!opened.ok) throw new Error(`a dispatch is not the server's: ${opened.reason}`);
    const { taskId, command } = opened.value;
    if (!judgeCommand(command, "/", "hard").ok) throw new Error(`"${command}" is refused`);
    raw.write({ taskStarted: { taskId } });
    raw.write({
      taskResult: {
        taskId,
        verdict: "complete",
        exitCode: 0,
        durationMs: 1,
        reason: "",
        stdout: undefined,
        stderr: undefined,
      },
    });
  });
}

/** A server that is short of time cuts handshakes off; agents then come again. */
async function openStream(identity: SimulatedIdentity): Promise<SimulatedStream> {
  for (let attempt = 1;; attempt += 1) {
    const envoy = new SimulatedEnvoy({ address, identity });
    try {
      return await envoy.openStream();
    } catch (error) {
      envoy[Symbol.dispose]();
      if (!(error instanceof RefusedCall) || attempt === ATTEMPTS) throw error;
      await new Promise((resume) => setTimeout(resume, RETRY_MS));
    }
  }
}

function answer(line: AgentsLine): void {
  answerLine(line);
}
