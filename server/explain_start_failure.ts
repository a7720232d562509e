/** Why a start failed, in one line. A stack is of no use to whoever set a port twice. */
export function explainStartFailure(error: unknown): string {
  if (!(error instanceof Error)) return `Cannot start: ${String(error)}`;
  if ("code" in error && error.code === "EADDRINUSE") {
    return `Cannot start: ${
      oneLine(error.message)
    }. Another program has the port; choose one in server.yaml`;
  }
  // Our own errors say what could not be done and what to do about it.
  const message = oneLine(error.message);
  return /^(Cannot|Refusing) /.test(message) ? message : `Cannot start: ${message}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
