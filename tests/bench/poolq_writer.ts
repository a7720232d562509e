/**
 * One writer of the benchmark of queues: `poolq_writer.ts HOME TOPIC COUNT`. It says `ready`, waits for a line on its standard
 * input, posts, and says how many ms that took.
 */
import { postFixture } from "../../agent/poolq/post_fixture.ts";
import { postMessages } from "../../agent/poolq/post.ts";
import { BODY } from "./poolq_body.ts";

const [home = "", topic = "", count = "0"] = Deno.args;
const { context, messageSigner } = postFixture(home);
// What is done once for a topic is not what is measured.
await postMessages(context, messageSigner, topic, [BODY]);
console.log("ready");
await Deno.stdin.read(new Uint8Array(16));
const startMs = performance.now();
for (let index = 0; index < Number(count); index++) {
  await postMessages(context, messageSigner, topic, [BODY]);
}
console.log(`done ${performance.now() - startMs}`);
