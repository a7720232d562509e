/**
 * A process that posts, for tests that kill it: `poolq_poster.ts HOME KEY MODE [BODY…]`, where KEY is a file with the private
 * key. MODE is `post` (the bodies in one step), `each` (one after the other, `COUNT PREFIX` given as bodies), or the name of
 * a step, before which it stops and says so. What was posted is told line by line: `posted SEQ ID`.
 */
import { loadSigner } from "../../shared/crypto/ed25519.ts";
import { postFixture } from "../../agent/poolq/post_fixture.ts";
import { postMessages } from "../../agent/poolq/post.ts";
import { POST_STEPS, type PostSteps } from "../../agent/poolq/post_steps.ts";

const TOPIC = "build-tasks";

/** The steps of a post, of which one is never reached. */
function stopBefore(step: string): PostSteps {
  const stop = () => {
    console.log(`stopped before ${step}`);
    // Held by a timer, so that the process stays until it is killed.
    return new Promise<never>(() => setInterval(() => {}, 1_000));
  };
  return { ...POST_STEPS, [step]: stop };
}

if (import.meta.main) {
  const [home = "", key = "", mode = "", ...bodies] = Deno.args;
  const signer = loadSigner(await Deno.readTextFile(key));
  const steps = mode in POST_STEPS ? stopBefore(mode) : POST_STEPS;
  const { context, messageSigner } = postFixture(home, { steps }, signer);
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
