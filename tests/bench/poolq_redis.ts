import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { TestProcess } from "../support/process.ts";
import { readProcessCost } from "./process_cost.ts";

const MAX_ANSWER_BYTES = 64 * 1024;

/** A redis that has everything on the disk before it answers. */
export class DurableRedis implements AsyncDisposable {
  private constructor(private readonly process: TestProcess, private readonly socket: string) {}

  static async start(folder: string): Promise<DurableRedis> {
    const socket = join(folder, "redis.sock");
    const process = TestProcess.start("redis-server", [
      ...["--port", "0", "--unixsocket", socket, "--dir", folder],
      ...["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
    ]);
    await eventually("redis listens", async () => {
      try {
        (await Deno.connect({ transport: "unix", path: socket })).close();
        return true;
      } catch {
        return false;
      }
    });
    return new DurableRedis(process, socket);
  }

  async connect(): Promise<RedisClient> {
    return new RedisClient(await Deno.connect({ transport: "unix", path: this.socket }));
  }

  /** What the server has used so far, in ms. */
  async cpuMs(): Promise<number> {
    return (await readProcessCost(this.process.pid)).cpuMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}

/** A connection that adds to streams; it speaks RESP2 (redis.io/docs/latest/develop/reference/protocol-spec). */
export class RedisClient implements Disposable {
  constructor(private readonly connection: Deno.UnixConn) {}

  /** Adds `count` messages to a stream, sent at once, and waits until each has its id. */
  async add(stream: string, body: string, count: number): Promise<void> {
    const parts = ["XADD", stream, "*", "body", body];
    const command = `*${parts.length}\r\n${
      parts.map((part) => `$${new TextEncoder().encode(part).length}\r\n${part}\r\n`).join("")
    }`;
    const bytes = new TextEncoder().encode(command.repeat(count));
    const sending = this.#send(bytes);
    // An id is answered in two lines: its length, and itself.
    for (let lines = 0; lines < 2 * count;) lines += await this.#countLines();
    await sending;
  }

  [Symbol.dispose](): void {
    this.connection.close();
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.connection.write(bytes.subarray(at));
  }

  async #countLines(): Promise<number> {
    const buffer = new Uint8Array(MAX_ANSWER_BYTES);
    const size = await this.connection.read(buffer);
    if (size === null) throw new Error("redis hung up");
    const text = new TextDecoder().decode(buffer.subarray(0, size));
    if (text.startsWith("-")) throw new Error(`redis refused: ${text.trim()}`);
    return text.split("\n").length - 1;
  }
}
