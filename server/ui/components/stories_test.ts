import assert from "node:assert/strict";
import { STORIES } from "./stories.ts";

/** Where components stand; pages do, too, in some of them. */
const FOLDERS = [".", "../viz/", "../viz/charts/"].map((folder) =>
  new URL(folder, import.meta.url)
);

Deno.test("every component has one story, and every story a component", async () => {
  const components: string[] = [];
  for (const folder of FOLDERS) {
    for await (const { name } of Deno.readDir(folder)) {
      const [, component] = /^([a-z_]+)\.tsx$/.exec(name) ?? [];
      if (component && !/_(story|page|test)$/.test(component)) components.push(component);
    }
  }
  const told = STORIES.map(({ component }) => component);
  assert.deepEqual(told.toSorted(), components.sort());
  assert.equal(new Set(told).size, told.length);
});

Deno.test("no text of a story becomes markup, and no character of it acts", async () => {
  for (const { component, cases } of STORIES) {
    for (const { name, show } of cases) {
      const html = String(await show()?.toString());
      assert.doesNotMatch(html, /<script|<img/i, `${component}: ${name}`);
      assert.doesNotMatch(html, /(?![\n\t])[\p{Cc}\p{Cf}]/u, `${component}: ${name}`);
      assert.doesNotMatch(html, / style="/, `${component}: ${name}`);
      assert.doesNotMatch(html, /\[object |undefined|NaN/, `${component}: ${name}`);
    }
  }
});
