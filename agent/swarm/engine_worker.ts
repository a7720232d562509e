import type { FromEngine, ToEngine } from "./channel.ts";
import { Engine } from "./engine/engine.ts";

declare const self: DedicatedWorkerGlobalScope;

interface DedicatedWorkerGlobalScope extends EventTarget {
  postMessage(message: FromEngine): void;
}

let giveHasher: (port: MessagePort) => void = () => {};

const engine = new Engine({
  post: (message) => self.postMessage(message),
  hasherPort: () =>
    new Promise((resolve) => {
      giveHasher = resolve;
    }),
});

self.addEventListener("message", (event) => {
  // `startEngine` sends nothing but these: a port to the hashing worker, or a message of the channel.
  const { data, ports } = event as MessageEvent<ToEngine | { kind: "hasher" }>;
  const [port] = ports;
  if (data.kind !== "hasher") engine.handle(data);
  else if (port) giveHasher(port);
  else engine.dropHasher();
});
