/** Why a start failed, in one line. A stack is of no use to whoever set a port twice. */
export function explainStartFailure(error: unknown): string {
  if (!(error instanceof Error)) return `Cannot start: ${String(error)}`;
  if ("code" in error && error.code === "EADDRINUSE") {
    return `Cannot start: ${
      oneLine(error.message)
    }. Another program has the port; choose one in server.yaml`;
  }
  if (EXPECTED.has(error.name)) return oneLine(error.message);
  return `Cannot start: ${oneLine(error.message)}`;
}

/** Errors whose message says all that is needed, what to do included. */
const EXPECTED = new Set(["StoreError", "AuthorityError"]);

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
