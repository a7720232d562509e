import assert from "node:assert/strict";
import { EMBEDDED } from "./embedded.ts";
import { joinModules } from "./join_modules.ts";

Deno.test("joined modules are one script in which the later use what the earlier export", () => {
  const joined = joinModules(
    "// one\nexport const ONE = 1;\nexport function twice(n) {\n  return 2 * n;\n}\n",
    'import {\n  ONE,\n  twice,\n} from "./one.js";\n\nresult.push(twice(ONE));\n',
  );
  const result: number[] = [];
  new Function("result", joined)(result);
  assert.deepEqual(result, [2]);
});

Deno.test("the scripts of the pictures are whole: nothing is imported, no name is there twice", () => {
  for (const name of ["swarm.js", "chunks.js"] as const) {
    const text = EMBEDDED[name];
    assert.doesNotMatch(text, /^\s*(import|export)\s/m, name);
    // Compiles it and runs nothing; a name that is there twice is a mistake of syntax.
    assert.doesNotThrow(() => new Function(text), name);
  }
});
