/// <reference lib="deno.worker" />
import { DatabaseSync } from "node:sqlite";
import type { IntegrityAnswer } from "../channel.ts";
import { checkIntegrity } from "./check_integrity.ts";

// The only message brings the path of the database.
self.onmessage = ({ data: path }: MessageEvent<string>) => self.postMessage(check(path));

function check(path: string): IntegrityAnswer {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return { ok: true, findings: checkIntegrity(database) };
    } finally {
      database.close();
    }
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
