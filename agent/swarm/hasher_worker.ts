import { serveHasher } from "./hashing/serve_hasher.ts";

// The first message brings the port that jobs come through.
self.addEventListener("message", (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port) serveHasher(port);
});
