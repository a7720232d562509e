import { endWhenRefused } from "./end_when_refused.ts";

/**
 * What a handler streams, as the answer to a request. Whoever wants the headers alone reads no stream, which would go on for
 * nobody and keep its place from those who read.
 *
 * @param isStillAdmitted as for {@linkcode endWhenRefused}.
 */
export async function answerStream(
  request: Request,
  answer: Response,
  isStillAdmitted: () => Promise<boolean>,
): Promise<Response> {
  if (request.method !== "HEAD") return endWhenRefused(answer, isStillAdmitted);
  await answer.body?.cancel();
  return new Response(null, answer);
}
