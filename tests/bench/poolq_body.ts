/** What every message of the benchmark says: 256 bytes, such as a job or an event has. */
export const BODY = JSON.stringify({ task: "deploy", detail: "x".repeat(226) });
