import { storyBook } from "./story_book.tsx";

const DEFAULT_PORT = 8444;

const USAGE = `Usage: deno task ui [port]

Show every component of the web interface with fixtures, on http://127.0.0.1:${DEFAULT_PORT} or the port that is given.

Examples:
  # components, in a browser
  deno task ui
  # on another port
  deno task ui 9000
`;

if (Deno.args.some((arg) => arg === "--help" || arg === "-h")) {
  await Deno.stdout.write(new TextEncoder().encode(USAGE));
  Deno.exit(0);
}
const port = Number(Deno.args[0] ?? DEFAULT_PORT);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`Cannot listen on port "${Deno.args[0]}": give a number from 0 to 65535`);
  Deno.exit(2);
}
Deno.serve({ hostname: "127.0.0.1", port }, storyBook());
