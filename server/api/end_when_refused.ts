/** How long a stream goes on after its reader lost the right to it, in ms. */
const RECHECK_INTERVAL_MS = 15_000;

/**
 * A streamed answer that ends soon after whoever reads it may no longer. An answer is let out once; a stream may go on for
 * hours after a token was revoked.
 *
 * @param isStillAdmitted asked again and again; what it throws counts as a no.
 */
export function endWhenRefused(
  response: Response,
  isStillAdmitted: () => Promise<boolean>,
  intervalMs = RECHECK_INTERVAL_MS,
): Response {
  const source = response.body?.getReader();
  if (!source) return response;
  let isOver = false;
  let timer: ReturnType<typeof setInterval> | undefined;
  const end = () => {
    isOver = true;
    clearInterval(timer);
  };
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      const recheck = async () => {
        if (await isStillAdmitted().catch(() => false) || isOver) return;
        end();
        controller.close();
        await source.cancel();
      };
      timer = setInterval(() => {
        recheck().catch(() => {
          // The source could not be cancelled; its reader is gone all the same.
        });
      }, intervalMs);
    },
    pull: async (controller) => {
      try {
        const { done, value } = await source.read();
        if (isOver) return;
        if (!done) return controller.enqueue(value);
        end();
        controller.close();
      } catch (error) {
        if (isOver) return;
        end();
        controller.error(error);
      }
    },
    cancel: (reason) => {
      end();
      return source.cancel(reason);
    },
  });
  return new Response(body, { status: response.status, headers: response.headers });
}
