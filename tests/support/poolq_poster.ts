/**
 * A process that posts, for tests that kill it: `poolq_poster.ts HOME KEY MODE [BODY…]`, where KEY is a file with the private
 * key. MODE is `post` (the bodies in one step), `each` (one after the other, `COUNT PREFIX` given as bodies), the name of a
 * step, before which it stops and says so, or `withinPlaceMessages`, where all but the last have their files. What was posted is told line by line: `posted SEQ ID`.
 */
import { loadSigner } from "../../shared/crypto/ed25519.ts";
import { postFixture } from "../../agent/poolq/post_fixture.ts";
import { postMessages } from "../../agent/poolq/post.ts";
import { POST_STEPS, type PostSteps } from "../../agent/poolq/post_steps.ts";

const TOPIC = "build-tasks";

/** Says where a post has come to, and stays there until the process is killed. */
function stop(where: string): Promise<never> {
  console.log(`stopped ${where}`);
  // Held by a timer, since a promise alone keeps no process.
  return new Promise<never>(() => setInterval(() => {}, 1_000));
}

/** The steps of a post, of which one is never reached, or never ends. */
function stepsOf(mode: string): PostSteps {
  if (mode in POST_STEPS) return { ...POST_STEPS, [mode]: () => stop(`before ${mode}`) };
  if (mode !== "withinPlaceMessages") return POST_STEPS;
  return {
    ...POST_STEPS,
    placeMessages: async (paths, messages) => {
      await POST_STEPS.placeMessages(paths, messages.slice(0, -1));
      await stop(mode);
    },
  };
}

if (import.meta.main) {
  const [home = "", key = "", mode = "", ...bodies] = Deno.args;
  const signer = loadSigner(await Deno.readTextFile(key));
  const { context, messageSigner } = postFixture(home, { steps: stepsOf(mode) }, signer);
  const post = async (some: readonly string[]) => {
    const { messages } = await postMessages(context, messageSigner, TOPIC, some);
    for (const { seq, id } of messages) console.log(`posted ${seq} ${id}`);
  };
  if (mode === "each") {
    const [count = "0", prefix = ""] = bodies;
    for (let index = 1; index <= Number(count); index++) await post([`${prefix} ${index}`]);
  } else {
    await post(bodies);
  }
}
