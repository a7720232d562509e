import { DatabaseSync } from "node:sqlite";
import { checkIntegrity } from "./check_integrity.ts";
import type { IntegrityAnswer } from "./check_integrity_aside.ts";

// The only message brings the path of the database.
self.addEventListener("message", (event) => {
  self.postMessage(check(String((event as MessageEvent).data)));
});

function check(path: string): IntegrityAnswer {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return { ok: true, findings: checkIntegrity(database) };
    } finally {
      database.close();
    }
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}
