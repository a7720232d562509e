import type { PostgresSettings } from "../../server/store/postgres/postgres_settings.ts";
import { eventually } from "./eventually.ts";
import { findFreePort } from "./free_port.ts";
import { TestProcess } from "./process.ts";
import { runCommand, runOrThrow } from "./run_command.ts";
import { sendSignal } from "./signal.ts";
import { TemporaryRoot } from "./temporary_root.ts";

/** Where Debian keeps the programs of each version. */
const VERSIONS = "/usr/lib/postgresql";
const PASSWORD = "correct horse";
const START_DEADLINE_MS = 180_000;

/** Who may run a database: it refuses root. */
interface Runner {
  readonly prefix: readonly string[];
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/**
 * A PostgreSQL of the tests' own in a temporary folder, on loopback and on a socket: as an ordinary user, whoever runs the
 * tests. Its owner is `vigo`, who needs a password over the network and none on the socket.
 */
export class TestPostgres implements AsyncDisposable {
  readonly password = PASSWORD;
  readonly #root: TemporaryRoot;
  readonly #programs: string;
  readonly #runner: Runner;
  #process: TestProcess | undefined;

  private constructor(
    root: TemporaryRoot,
    programs: string,
    runner: Runner,
    readonly port: number,
  ) {
    this.#root = root;
    this.#programs = programs;
    this.#runner = runner;
  }

  /** Whether this machine has one to start. */
  static isInstalled(): boolean {
    return findPrograms() !== undefined;
  }

  static async start(): Promise<TestPostgres> {
    const programs = findPrograms();
    if (programs === undefined) throw new Error("PostgreSQL is not installed: package postgresql");
    const root = await TemporaryRoot.create("vigo-pg-");
    const runner = await findRunner();
    const postgres = new TestPostgres(root, programs, runner, findFreePort());
    try {
      await postgres.#create();
      await postgres.resume();
      return postgres;
    } catch (error) {
      await postgres[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** How a database of it is reached over the network. */
  settings(database: string): PostgresSettings {
    const { port, password } = this;
    return { host: "127.0.0.1", port, database, user: "vigo", password };
  }

  /** The folder of its socket. */
  get socketFolder(): string {
    return this.#root.join("socket");
  }

  /** A file with the password, as an operator would keep it. */
  get passwordFile(): string {
    return this.#root.join("password");
  }

  /** What `server.yaml` says of one of its databases. */
  section(database: string) {
    const { port, passwordFile } = this;
    return { driver: "postgres", port, name: database, user: "vigo", password_file: passwordFile };
  }

  /** Makes an empty database. */
  async create(database: string, ...options: readonly string[]): Promise<PostgresSettings> {
    await this.sql(`create database "${database}" ${options.join(" ")}`, "postgres");
    return this.settings(database);
  }

  /** Runs statements as the owner and returns what they print, a line for each row. */
  async sql(statements: string, database: string): Promise<string> {
    const printed = await runOrThrow(`${this.#programs}/psql`, [
      ...["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"],
      ...["--host", this.socketFolder, "--port", String(this.port), "--username", "vigo"],
      ...["--dbname", database, "--command", statements],
    ]);
    return printed.trim();
  }

  /** Lets it speak TLS from now on, as `localhost`; answers the certificate to trust, PEM. */
  async offerTls(): Promise<string> {
    const [key, certificate] = ["server.key", "server.crt"].map((name) =>
      this.#root.join("data", name)
    );
    const [command = "", ...args] = [
      ...this.#runner.prefix,
      ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"],
      ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
      ...["-keyout", key ?? "", "-out", certificate ?? ""],
    ];
    await runOrThrow(command, args, { cwd: this.#root.path });
    await this.sql("alter system set ssl = on", "postgres");
    await this.sql("select pg_reload_conf()", "postgres");
    await eventually(
      "PostgreSQL offers TLS",
      async () => await this.sql("show ssl", "postgres") === "on",
      START_DEADLINE_MS,
    );
    return await Deno.readTextFile(certificate ?? "");
  }

  /** Ends it as a crash would: open connections are cut off. */
  async crash(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    // An immediate shutdown: no checkpoint, so that the next start recovers.
    sendSignal(process.pid, "SIGQUIT");
    await process.exited;
    this.#process = undefined;
  }

  /** Lets it take everything and answer nothing, as behind a network that swallows packets, until the result is called. */
  async silence(): Promise<() => void> {
    const { pid } = this.#process ?? {};
    if (pid === undefined) throw new Error("PostgreSQL does not run");
    // First the one that would make more of them.
    sendSignal(pid, "SIGSTOP");
    const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
    const all = [pid, ...children.split(" ").filter((word) => word !== "").map(Number)];
    const signal = (name: "SIGSTOP" | "SIGCONT") => all.forEach((one) => sendSignal(one, name));
    signal("SIGSTOP");
    return () => signal("SIGCONT");
  }

  /** Starts it again on its port, and waits until it answers. */
  async resume(): Promise<void> {
    const [command = "", ...args] = [
      ...this.#runner.prefix,
      `${this.#programs}/postgres`,
      ...["-D", this.#root.join("data"), "-k", this.socketFolder],
      ...["-h", "127.0.0.1", "-p", String(this.port)],
      // Nothing here has to survive this machine.
      ...["-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=40"],
    ];
    const process = this.#process = TestProcess.start(command, args, { cwd: this.#root.path });
    const isAnswering = async () => {
      // Its end is an answer too: nothing more will come.
      if (process.status) return true;
      const { code } = await runCommand(`${this.#programs}/pg_isready`, [
        ...["--host", "127.0.0.1", "--port", String(this.port)],
      ]);
      return code === 0;
    };
    await eventually("PostgreSQL answers", isAnswering, START_DEADLINE_MS);
    if (process.status) throw new Error(`PostgreSQL ended:\n${process.output()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.crash();
    await this.#root[Symbol.asyncDispose]();
  }

  async #create(): Promise<void> {
    const { prefix, uid, gid } = this.#runner;
    await Deno.chmod(this.#root.path, 0o755);
    for (const name of ["data", "socket"]) {
      await Deno.mkdir(this.#root.join(name));
      if (uid !== undefined && gid !== undefined) await Deno.chown(this.#root.join(name), uid, gid);
    }
    await Deno.chmod(this.#root.join("data"), 0o700);
    await Deno.writeTextFile(this.passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
    if (uid !== undefined && gid !== undefined) await Deno.chown(this.passwordFile, uid, gid);
    const [command = "", ...args] = [
      ...prefix,
      `${this.#programs}/initdb`,
      ...["--pgdata", this.#root.join("data"), "--username", "vigo", "--no-sync"],
      ...["--auth-host", "scram-sha-256", "--auth-local", "trust", "--pwfile", this.passwordFile],
      // A locale that sorts words as people do, where it is there, would show what relies on bytes.
      ...["--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums"],
    ];
    await runOrThrow(command, args, { cwd: this.#root.path });
  }
}

function findPrograms(): string | undefined {
  try {
    const versions = [...Deno.readDirSync(VERSIONS)].map(({ name }) => Number(name))
      .filter((version) => version > 0).sort((a, b) => b - a);
    return versions[0] === undefined ? undefined : `${VERSIONS}/${versions[0]}/bin`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The user of the package if this is root, and whoever runs the tests otherwise. */
async function findRunner(): Promise<Runner> {
  if (Deno.uid() !== 0) return { prefix: [], uid: undefined, gid: undefined };
  const line = (await Deno.readTextFile("/etc/passwd")).split("\n")
    .find((entry) => entry.startsWith("postgres:"));
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined || gid === undefined) throw new Error("There is no user postgres");
  const prefix = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--"];
  return { prefix, uid: Number(uid), gid: Number(gid) };
}
