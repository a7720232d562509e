// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// What every page does where scripts run: it says when the server or the session is away, asks before what cannot be taken
// back, and filters trees. Nothing on a page needs it to be read.

const PULSE_MS = 15_000;
const AUTOMATIC = { "x-vigo-automatic": "1" };

/** What refreshes parts of pages, if it was loaded. @type {{ trigger(part: Element, event: string): void } | undefined} */
const htmx = Reflect.get(globalThis, "htmx");

/** The one line about the connection, above everything else. */
const line = document.getElementById("connection");
let isAway = false;
/** Whether what the page shows was removed; that it was is not taken back by an answer to something else. */
let isGone = false;

/**
 * @param {string} text
 * @param {{ readonly href: string, readonly text: string }} [link]
 */
function say(text, link) {
  if (!line) return;
  if (line.textContent === text) return;
  line.replaceChildren(text);
  line.classList.remove("good");
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.href;
    anchor.textContent = link.text;
    line.append(" ", anchor);
  }
  line.hidden = text === "";
}

function serverIsAway() {
  isAway = true;
  say(
    "The server does not answer. This page goes on by itself when it is back; nothing typed is lost.",
  );
}

/** What the page shows was removed or revoked: nothing can be done to it any more, and whatever lists it is a level up. */
function pageIsGone() {
  isGone = true;
  for (const part of document.querySelectorAll("#main form[method=post]")) {
    part.setAttribute("inert", "");
  }
  const list = location.pathname.replace(/\/[^/]+\/?$/, "") || "/";
  say("What this page shows is no longer there.", { href: list, text: "Go to the list." });
}

function sessionIsOver() {
  const next = encodeURIComponent(location.pathname + location.search);
  say("Your session has ended.", {
    href: `/login?next=${next}`,
    text: "Log in again; what you typed here is kept if you send it first.",
  });
}

function serverIsBack() {
  if (!isAway) {
    if (!isGone) say("");
    return;
  }
  isAway = false;
  say("The server is back.");
  line?.classList.add("good");
  for (const part of document.querySelectorAll(".live")) htmx?.trigger(part, "every");
  setTimeout(() => {
    if (!isAway && line?.classList.contains("good")) say("");
  }, 4_000);
}

async function pulse() {
  try {
    const { status } = await fetch("/pulse", { headers: AUTOMATIC, cache: "no-store" });
    if (status === 401) {
      isAway = false;
      sessionIsOver();
    } else if (status >= 500) serverIsAway();
    else serverIsBack();
  } catch {
    serverIsAway();
  }
}

if (document.body.classList.contains("with-menu")) {
  setInterval(() => {
    if (!document.hidden || isAway) void pulse();
  }, PULSE_MS);
  // While the server is away it is asked more often.
  setInterval(() => {
    if (isAway) void pulse();
  }, 2_000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void pulse();
  });
}

document.addEventListener("htmx:error", serverIsAway);
document.addEventListener("htmx:sse:error", () => void pulse());
document.addEventListener("htmx:response:error", (event) => {
  const status = event instanceof CustomEvent ? event.detail?.ctx?.response?.status : undefined;
  if (status === 401) sessionIsOver();
  else if (status === 404) {
    pageIsGone();
  } else if (status >= 500) serverIsAway();
});
const wasGone = document.querySelector("[data-gone]") !== null;
document.addEventListener("htmx:after:swap", () => {
  if (!isGone && !wasGone && document.querySelector(".live [data-gone]")) pageIsGone();
  if (isAway) serverIsBack();
});

/** Pages say moments in UTC; whoever points at one gets it in the time zone of the browser, too. */
document.addEventListener("pointerover", ({ target }) => {
  const time = target instanceof Element ? target.closest("time[datetime]") : null;
  if (!(time instanceof HTMLTimeElement) || time.title === "" || time.title.includes("(")) return;
  const moment = new Date(time.dateTime);
  if (!Number.isNaN(moment.getTime())) time.title = `${moment.toLocaleString()} (${time.title})`;
});

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset["ask"];
  if (question && !confirm(question)) event.preventDefault();
});

/**
 * Shows of a tree what holds the text in a name or a value, with all that leads there; below a name that fits, all of it.
 *
 * @param {HTMLElement} tree
 * @param {string} text
 */
function filterTree(tree, text) {
  const wanted = text.trim().toLowerCase();
  /** @type {(item: HTMLElement, isBelowHit: boolean) => boolean} whether something of the item is shown */
  const visit = (item, isBelowHit) => {
    const own = item.querySelectorAll(
      ":scope > .name, :scope > .value, :scope > details > summary > .name",
    );
    const isHit = isBelowHit ||
      [...own].some((word) => word.textContent.toLowerCase().includes(wanted));
    const fold = item.querySelector("details");
    const below = itemsOf(item, ":scope > details > ul > li");
    // Each is visited, whatever the others gave.
    const hasHit = below.map((child) => visit(child, isHit)).includes(true);
    item.hidden = !isHit && !hasHit;
    if (fold) fold.open = wanted !== "" && hasHit && !isHit;
    return isHit || hasHit;
  };
  for (const item of itemsOf(tree, ":scope > li")) visit(item, false);
}

/**
 * @param {HTMLElement} within
 * @param {string} selector
 * @returns {HTMLElement[]}
 */
function itemsOf(within, selector) {
  return [...within.querySelectorAll(selector)].filter((item) => item instanceof HTMLElement);
}

document.addEventListener("input", ({ target }) => {
  if (!(target instanceof HTMLInputElement)) return;
  const tree = document.getElementById(target.dataset["filters"] ?? "");
  if (tree) filterTree(tree, target.value);
});
