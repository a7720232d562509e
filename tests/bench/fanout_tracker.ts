/**
 * A tracker for BitTorrent clients of the benchmark (BEP 3, compact answers of BEP 23): answers every announcement with all
 * other peers. Takes the address to listen on, and prints whom it knows.
 */
const [hostname = "127.0.0.1"] = Deno.args;
const PORT = 6969;
const peers = new Map<string, Uint8Array>();

Deno.serve(
  { hostname, port: PORT, onListen: () => console.log("listening") },
  (request, { remoteAddr }) => {
    const url = new URL(request.url);
    const port = Number(url.searchParams.get("port"));
    const own = `${remoteAddr.hostname}:${port}`;
    if (!peers.has(own)) console.log(`peer ${own}`);
    const octets = remoteAddr.hostname.split(".").map(Number);
    peers.set(own, Uint8Array.of(...octets, port >> 8, port & 255));
    const others = [...peers].filter(([name]) => name !== own).map(([, peer]) => peer);
    const head = new TextEncoder().encode(`d8:intervali5e5:peers${others.length * 6}:`);
    return new Response(new Blob([head, ...others.map((peer) => new Uint8Array(peer)), "e"]));
  },
);
