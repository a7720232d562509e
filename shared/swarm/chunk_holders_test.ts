import assert from "node:assert/strict";
import fc from "fast-check";
import { Bitmap } from "./bitmap.ts";
import { ChunkHolders } from "./chunk_holders.ts";

Deno.test("whatever peers tell, each chunk has as many holders as peers that said so last", () => {
  const told = fc.record({ peer: fc.nat(3), bits: fc.array(fc.boolean(), { minLength: 5 }) });
  fc.assert(fc.property(fc.array(fc.option(told)), (words) => {
    const holders = new ChunkHolders(5);
    const said = new Map<number, Bitmap>();
    for (const word of words) {
      const peer = word?.peer ?? 0;
      const chunks = word ? new Bitmap(5) : undefined;
      for (let chunk = 0; chunk < 5; chunk += 1) if (word?.bits[chunk]) chunks?.set(chunk);
      holders.change(said.get(peer), chunks);
      if (chunks) said.set(peer, chunks);
      else said.delete(peer);
    }
    const all = [...said.values()];
    for (let chunk = 0; chunk < 5; chunk += 1) {
      assert.equal(holders.of(chunk), all.filter((chunks) => chunks.has(chunk)).length);
    }
    assert.equal(holders.complete, all.filter(({ isFull }) => isFull).length);
  }));
});
