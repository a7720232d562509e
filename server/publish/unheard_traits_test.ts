import assert from "node:assert/strict";
import { loadStacks } from "../stacks/load_stacks.ts";
import { stackFiles } from "../stacks/stack_fixture.ts";
import { UnheardTraits } from "./unheard_traits.ts";

/** A tree with one crate that consists of this, below its name. */
function unheardIn(...lines: readonly string[]): UnheardTraits {
  const { tree } = loadStacks(
    stackFiles({ "configcrates/web.vgo": ["name: web", ...lines, ""].join("\n") }),
  );
  return new UnheardTraits(tree);
}

const DEBIAN = { os: { distro: "debian", version: "12" }, network: { interfaces: [] } };
const ALPINE = { os: { distro: "alpine" }, cloud: { provider: "aws" } };

Deno.test("a trait that no host has reported is named where it stands, with what it is like", () => {
  const unheard = unheardIn(
    "resources:",
    "  - file: /x",
    "    content: x",
    '    when: traits.os.version == "12" && traits.os.distor == "debian"',
    "  - file: /y",
    "    content: y",
    '    when: traits["netwrok"].interfaces.size() > 0 || traits.os.distor == "alpine"',
  );
  unheard.hear(ALPINE);
  unheard.hear(DEBIAN);
  assert.deepEqual(unheard.warnings, [
    'configcrates/web.vgo:5:40: no host has reported "traits.os.distor". Did you mean "traits.os.distro"?',
    'configcrates/web.vgo:8:11: no host has reported "traits.netwrok.interfaces". Did you mean "traits.network"?',
    'configcrates/web.vgo:8:54: no host has reported "traits.os.distor". Did you mean "traits.os.distro"?',
  ]);
});

Deno.test("what is only asked for may be missing everywhere", () => {
  const unheard = unheardIn('when: has(traits.cloud.region) || has_trait("cloud.zone")');
  unheard.hear(DEBIAN);
  assert.deepEqual(unheard.warnings, []);
});

Deno.test("a fleet that has reported nothing yet says nothing", () => {
  const unheard = unheardIn('when: traits.os.distor == "debian"');
  unheard.hear({});
  assert.deepEqual(unheard.warnings, []);
});

Deno.test("what somebody has reported is not told, whoever else has not", () => {
  const unheard = unheardIn('when: traits.cloud.provider == "aws" && traits.os.version == "12"');
  unheard.hear(DEBIAN);
  assert.deepEqual(unheard.warnings, [
    'configcrates/web.vgo:2:7: no host has reported "traits.cloud.provider"',
  ]);
  unheard.hear({});
  unheard.hear(ALPINE);
  assert.deepEqual(unheard.warnings, []);
});
