import type { z } from "zod";
import type { filecastDistribute } from "../../shared/rest/swarm.ts";
import { isLabel, MAX_LABEL_BYTES } from "../../shared/swarm/manifest_entry.ts";
import { parseRetention } from "../../shared/swarm/retention.ts";
import { parseTargetSpec } from "../../shared/targeting/target_spec.ts";
import { TargetSpecError } from "../../shared/targeting/target_spec_error.ts";
import { type Refused, refused } from "../service/service_answer.ts";

/** Files of this ending say how the file beside them is to be seeded. */
const SWARM_SUFFIX = ".swarm";

/** What is wrong with the words of a cast, whatever the fleet is like; `undefined` if nothing is. */
export function judgeCastQuery(
  { label, target, retention }: z.output<typeof filecastDistribute.query>,
): Refused | undefined {
  // The file that makes a seed of it is named after it, and is a file name too.
  if (!isLabel(label + SWARM_SUFFIX) || !isLabel(label) || label.endsWith(SWARM_SUFFIX)) {
    return refused(
      400,
      `Cannot cast as ${JSON.stringify(label)}: a label has 1 to ${
        MAX_LABEL_BYTES - SWARM_SUFFIX.length
      } bytes, no "/", no control character, no leading dot and no ending ".swarm"`,
    );
  }
  if (parseRetention(retention) === undefined) {
    return refused(400, `Cannot cast with retention "${retention}": use 0, <n>h or <n>d`);
  }
  try {
    parseTargetSpec(target);
  } catch (error) {
    if (!(error instanceof TargetSpecError)) throw error;
    return refused(400, error.message);
  }
  return undefined;
}
