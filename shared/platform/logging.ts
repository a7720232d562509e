import {
  configure,
  getConsoleSink,
  getLogger,
  type Logger,
  type LogRecord,
} from "@logtape/logtape";

export type LogLevel = "debug" | "info" | "warning" | "error";

/** One JSON object per line, so that journald, a file and a test read the same thing. */
export function formatLogLine(record: LogRecord): string {
  const message = record.message.map((part) => typeof part === "string" ? part : String(part)).join(
    "",
  );
  return JSON.stringify(
    {
      time: new Date(record.timestamp).toISOString(),
      level: record.level,
      logger: record.category.join("."),
      message,
      ...record.properties,
    },
    (_key, value: unknown) => {
      if (typeof value === "bigint") return value.toString();
      if (value instanceof Error) return value.message;
      return value;
    },
  );
}

/**
 * Sends the log of a program to standard error: error = somebody must act, warning = will heal, info = a state changed,
 * debug = the rest. Call once per process or worker, from its entry point.
 */
export async function configureLogging(program: string, level: LogLevel): Promise<Logger> {
  const encoder = new TextEncoder();
  await configure({
    reset: true,
    sinks: {
      stderr: (record: LogRecord) => {
        Deno.stderr.writeSync(encoder.encode(`${formatLogLine(record)}\n`));
      },
      meta: getConsoleSink(),
    },
    loggers: [
      { category: program, lowestLevel: level, sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["meta"] },
    ],
  });
  return getLogger(program);
}

export type { Logger };
