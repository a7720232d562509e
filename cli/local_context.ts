import { userInfo } from "node:os";
import { basename, join } from "node:path";
import { writeFileDurable } from "../shared/platform/durable_write.ts";
import { createStreamWriter } from "../shared/platform/stream_writer.ts";
import { EXIT_CODE } from "../shared/terminal/exit_code.ts";
import { hasFlag } from "../shared/terminal/run_cli.ts";
import { createStyle } from "../shared/terminal/style.ts";
import { systemReason } from "../shared/terminal/system_failure.ts";
import { UserError } from "../shared/terminal/user_error.ts";
import { createApiClient } from "./client/api_client.ts";
import { resolveConnection, resolveServer } from "./client/connection.ts";
import type { CliContext, LocalFile } from "./context.ts";
import { createOutput } from "./output/output.ts";
import type { ScreenSize } from "./output/screen.ts";
import { askToConfirm } from "./confirmation.ts";
import { askHidden, readAll } from "./secret_input.ts";

/** A context over the streams of this process, with those streams for whoever prints besides the commands. */
export interface LocalContext extends CliContext {
  write(text: string): void;
  writeError(text: string): void;
}

/** The real outside world of `vigocli`: this terminal, these files, that server. */
export function createLocalContext(signal: AbortSignal): LocalContext {
  const isTerminal = Deno.stdout.isTerminal();
  const write = createStreamWriter(Deno.stdout);
  const writeError = createStreamWriter(Deno.stderr);
  return {
    write,
    writeError,
    output: createOutput({
      write,
      writeError,
      isTerminal,
      isErrorTerminal: Deno.stderr.isTerminal(),
      ...(Deno.stderr.isTerminal() ? { screen: screenSize() } : {}),
      style: createStyle({
        isTerminal,
        noColor: hasFlag(Deno.args, "--no-color"),
        env: Deno.env.toObject(),
      }),
      ...(isTerminal ? { columns: screenSize().columns } : {}),
    }),
    connect: async (flags) => {
      const resolve = () => resolveConnection(flags, SOURCES);
      return createApiClient(await resolve(), { resolve, interrupt: signal });
    },
    connectAsNobody: async (flags) => {
      const place = await resolveServer(flags, SOURCES);
      return { client: createApiClient(place, { interrupt: signal }), place };
    },
    keepForUser,
    operator: operatorName(),
    now: () => Date.now(),
    openFile,
    readInput: () => readAll(Deno.stdin.readable),
    askHidden: (label) => askHidden(label, writeError),
    isInteractive: Deno.stdin.isTerminal() && Deno.stderr.isTerminal(),
    confirm: (question) => askToConfirm(question, writeError),
    writeFile,
    root: Deno.env.get("VIGO_ROOT") ?? "/",
    pause: (ms) => pause(ms, signal),
    signal,
  };
}

const SOURCES = { env: (name: string) => Deno.env.get(name), readText, isPrivate };

/** A terminal that does not know its size, as some made for programs do not, is taken for the classic one. */
function screenSize(): ScreenSize {
  const { columns, rows } = Deno.consoleSize();
  return columns > 0 && rows > 0 ? { columns, rows } : { columns: 80, rows: 24 };
}

/** Who runs this, by the environment or, where that is silent as in cron, by the machine; may be empty. */
function operatorName(): string {
  const said = Deno.env.get("USER") || Deno.env.get("LOGNAME");
  if (said) return said;
  try {
    return userInfo().username;
  } catch {
    // A uid without a name, as in some containers.
    return "";
  }
}

/** The text of a small file; undefined if it is not there or not ours to read. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const { NotADirectory, NotFound, PermissionDenied } = Deno.errors;
    if ([NotADirectory, NotFound, PermissionDenied].some((kind) => error instanceof kind)) {
      return undefined;
    }
    throw error;
  }
}

async function isPrivate(path: string): Promise<boolean> {
  return ((await Deno.stat(path)).mode ?? 0) % 0o100 === 0;
}

async function keepForUser(name: string, text: string | undefined): Promise<string> {
  const home = Deno.env.get("HOME");
  if (home === undefined) {
    throw new UserError("Cannot keep anything: HOME is not set", { exitCode: EXIT_CODE.usage });
  }
  const folder = join(home, ".config", "vigo");
  const path = join(folder, name);
  try {
    if (text === undefined) {
      await Deno.remove(path);
      return path;
    }
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFileDurable(path, text, { mode: 0o600 });
  } catch (cause) {
    if (text === undefined && cause instanceof Deno.errors.NotFound) return path;
    throw new UserError(`Cannot write "${path}": ${systemReason(cause)}`, {
      exitCode: EXIT_CODE.failed,
      cause,
    });
  }
  return path;
}

async function openFile(path: string): Promise<LocalFile> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
  } catch (cause) {
    throw new UserError(`Cannot read "${path}": ${systemReason(cause)}`, {
      exitCode: EXIT_CODE.usage,
      cause,
    });
  }
  if (!info.isFile) {
    const advice = info.isDirectory ? "it is a folder. Name a file" : "it is not a file";
    throw new UserError(`Cannot read "${path}": ${advice}`, { exitCode: EXIT_CODE.usage });
  }
  return { name: basename(path), sizeBytes: info.size, stream: () => streamFile(path) };
}

async function writeFile(path: string, text: string): Promise<void> {
  try {
    await Deno.writeTextFile(path, text);
  } catch (cause) {
    throw new UserError(`Cannot write "${path}": ${systemReason(cause)}`, {
      exitCode: EXIT_CODE.usage,
      cause,
    });
  }
}

function streamFile(path: string): ReadableStream<Uint8Array> {
  const opened = Deno.open(path, { read: true });
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  // A failed read reaches whoever reads the stream: pipeTo aborts the other side with the same error.
  opened.then((file) => file.readable.pipeTo(writable)).catch((error: unknown) =>
    writable.abort(error).catch(() => {
      // Already aborted by pipeTo, which passed the error on.
    })
  );
  return readable;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) return done();
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      done();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish, { once: true });
  });
}
