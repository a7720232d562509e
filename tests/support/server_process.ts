import { stringify } from "yaml";
import { API_PREFIX } from "../../shared/rest/contract.ts";
import { programCommand } from "./run_program.ts";
import { TestProcess } from "./process.ts";
import { exchange, type RestAnswer, type RestRequest } from "./rest_exchange.ts";
import type { TemporaryRoot } from "./temporary_root.ts";

/** A start loads the whole server; two busy cores need their time. */
const READY_DEADLINE_MS = 180_000;

/** A real `vigosrv` on loopback, started from source with the rights that it ships with. */
export class ServerProcess implements AsyncDisposable {
  private constructor(
    readonly process: TestProcess,
    readonly grpcPort: number,
    readonly restPort: number,
    readonly ca: string,
    readonly token: string,
  ) {}

  /** Writes a configuration for loopback and free ports, unless the root has one. */
  static async configure(root: TemporaryRoot, sections: Record<string, unknown> = {}) {
    await Deno.mkdir(root.join("srv/vigo"), { recursive: true });
    const server = { hostname: "localhost", listen: "127.0.0.1", grpc_port: 0, rest_port: 0 };
    await Deno.writeTextFile(root.join("srv/vigo/server.yaml"), stringify({ server, ...sections }));
  }

  /** Starts it without waiting for anything. */
  static launch(root: TemporaryRoot): TestProcess {
    return ServerProcess.run(["--root", root.path]);
  }

  /** The program with any arguments. */
  static run(args: readonly string[]): TestProcess {
    return TestProcess.start(Deno.execPath(), programCommand("vigosrv", args), {
      env: { NO_COLOR: "1" },
    });
  }

  /** Starts it and waits until it answers. */
  static async start(root: TemporaryRoot): Promise<ServerProcess> {
    const process = ServerProcess.launch(root);
    try {
      const [, grpc, rest] = await process.waitForLine(
        /ready: agents on [\d.]+:(\d+), REST on https:\/\/[\d.]+:(\d+)/,
        READY_DEADLINE_MS,
      );
      return new ServerProcess(
        process,
        Number(grpc),
        Number(rest),
        await Deno.readTextFile(root.join("srv/vigo/tls/ca.crt")),
        (await Deno.readTextFile(root.join("srv/vigo/secrets/local.token"))).trim(),
      );
    } catch (error) {
      await process.kill();
      throw error;
    }
  }

  /** A request to a path outside the API, by nobody unless `options` say otherwise. */
  get(path: string, options: RestRequest = {}): Promise<RestAnswer> {
    return exchange(`https://localhost:${this.restPort}${path}`, this.ca, options);
  }

  /** A request to the API with root's token. */
  api(path: string, options: RestRequest = {}): Promise<RestAnswer> {
    return this.get(API_PREFIX + path, { token: this.token, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}
