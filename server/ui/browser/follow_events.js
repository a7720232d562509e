// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// Follows a stream of server-sent events for as long as the page is open, past restarts of the server.

/** Before a stream that was turned away is asked for again, in ms: at first, and at most. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [1_000, 15_000];

/**
 * @param {string} address
 * @param {{
 *   readonly onOpen: () => void,
 *   readonly onNews: (news: any) => void,
 *   readonly onState: (isOpen: boolean) => void,
 * }} listener a stream that opens anew begins anew: `onOpen` forgets what was told before
 */
export function followEvents(address, listener) {
  let pauseMs = FIRST_PAUSE_MS;
  const open = () => {
    const source = new EventSource(address);
    source.onopen = () => {
      pauseMs = FIRST_PAUSE_MS;
      listener.onOpen();
      listener.onState(true);
    };
    source.onmessage = ({ data }) => listener.onNews(JSON.parse(data));
    source.onerror = () => {
      listener.onState(false);
      // The browser tries again by itself unless it was refused.
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(open, pauseMs);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    };
  };
  open();
}
