/**
 * The engine on a machine whose memory is broken: some of what it reads from its disk to serve it has a wrong bit. What it
 * fetches and verifies itself is sound.
 */

/** Pieces in which the peer server reads what it sends; nothing else reads as many bytes at once. */
const SERVED_BYTES = 128 * 1024;
const PIECES_PER_CHUNK = 8;
const CORRUPT_SHARE = 0.05;

const { readSync } = Deno.FsFile.prototype;
Deno.FsFile.prototype.readSync = function (into: Uint8Array) {
  const count = readSync.call(this, into);
  const isServed = into.length === SERVED_BYTES && count !== null;
  if (isServed && Math.random() < CORRUPT_SHARE / PIECES_PER_CHUNK) into[0] = (into[0] ?? 0) ^ 1;
  return count;
};

await import("../../agent/swarm/engine_worker.ts");

// A module, so that it may wait for the other.
export {};
