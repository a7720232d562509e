import type { Child, PropsWithChildren } from "hono/jsx";
import type { AssetName } from "../assets/embedded.ts";
import { CSRF_FIELD } from "../form.ts";
import { NAV_SECTIONS } from "../page.ts";
import { Word } from "./text.tsx";
import { Notice } from "./notice.tsx";

/** A link of the menu. */
export interface NavLink {
  readonly section: typeof NAV_SECTIONS[number];
  readonly label: string;
  readonly href: string;
}

/** What surrounds a page. */
export interface LayoutProps {
  readonly title: string;
  readonly path: string;
  readonly nav: readonly NavLink[];
  readonly assetUrl: (name: AssetName) => string;
  readonly scripts?: readonly AssetName[];
  /** Who is logged in; `undefined` on the way there. */
  readonly who?:
    | { readonly name: string; readonly role: string; readonly canLogOut: boolean }
    | undefined;
  readonly csrfToken: string;
  readonly rest?: string | undefined;
  readonly said?: string;
  readonly problem?: Child;
}

/** Settings of htmx: nothing from a text becomes code or style, and a refusal never takes the place of what is shown. */
const HTMX_CONFIG = JSON.stringify({
  includeIndicatorCSS: false,
  history: false,
  noSwap: [204, 304, "4xx", "5xx"],
  extensions: "sse",
});

/** Names and commands are no prose. The type of the attribute is a boolean, and `false` would be left out. */
const NO_SPELLCHECK: Readonly<Record<string, string>> = { spellcheck: "false" };

/** A whole document. */
export function Layout(props: PropsWithChildren<LayoutProps>) {
  const { title, assetUrl, scripts = [], who, said, problem, rest, children } = props;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={HTMX_CONFIG} />
        <title>{title} · Vigo</title>
        <link rel="icon" href={assetUrl("icon.svg")} type="image/svg+xml" />
        <link rel="stylesheet" href={assetUrl("style.css")} />
        <script src={assetUrl("htmx.js")} defer />
        <script src={assetUrl("htmx-events.js")} defer />
        <script src={assetUrl("vigo.js")} type="module" />
        {scripts.map((name) => <script src={assetUrl(name)} type="module" />)}
      </head>
      <body class={who ? "with-menu" : "alone"} {...NO_SPELLCHECK}>
        <a class="skip" href="#main">Skip to the content</a>
        {who && <Menu {...props} who={who} />}
        <main id="main" tabindex={-1}>
          <div id="connection" class="connection" role="status" hidden />
          <header class="page-head">
            <h1>{title}</h1>
            {rest && (
              <a class="rest" href={`/api/v1${rest}`} title="The same as JSON, from the REST API">
                GET /api/v1{rest}
              </a>
            )}
          </header>
          {said && <Notice kind="good">{said}</Notice>}
          {problem && <Notice kind="bad">{problem}</Notice>}
          {children}
        </main>
      </body>
    </html>
  );
}

function Menu(
  { path, nav, who, csrfToken }: LayoutProps & { who: NonNullable<LayoutProps["who"]> },
) {
  return (
    <header class="menu">
      <a class="brand" href="/" aria-label="Vigo, overview">
        <Mark />vigo
      </a>
      <details class="menu-fold">
        <summary>Menu</summary>
        <Links path={path} nav={nav} label="Pages of the menu" />
      </details>
      <Links path={path} nav={nav} label="Pages" />
      <div class="who">
        <span class="who-name">
          <Word>{who.name}</Word>
        </span>
        <span class="quiet">{who.role}</span>
        {who.canLogOut && (
          <form method="post" action="/logout">
            <input type="hidden" name={CSRF_FIELD} value={csrfToken} />
            <button class="link" type="submit">Log out</button>
          </form>
        )}
      </div>
    </header>
  );
}

function Links({ path, nav, label }: { path: string; nav: readonly NavLink[]; label: string }) {
  const current = currentLink(nav, path);
  return (
    <nav aria-label={label}>
      {NAV_SECTIONS.map((section) => {
        const links = nav.filter((link) => link.section === section);
        return links.length === 0 ? null : (
          <div class="menu-section">
            <p class="menu-title">{section}</p>
            <ul>
              {links.map(({ href, label }) => (
                <li>
                  <a href={href} aria-current={href === current ? "page" : undefined}>{label}</a>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}

/** The link that leads nearest to the page: `/swarm/puddle` is not below `/swarm` where it has a link of its own. */
function currentLink(nav: readonly NavLink[], path: string): string | undefined {
  return nav.map(({ href }) => href)
    .filter((href) => path === href || path.startsWith(href === "/" ? "//" : `${href}/`))
    .sort((one, other) => other.length - one.length)[0];
}

/** The sign of the product, drawn in the colour of the text. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path
        d="M7 8 16 24 25 8"
        fill="none"
        stroke="currentColor"
        stroke-width="3"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
      <circle cx="7" cy="8" r="3.4" fill="currentColor" />
      <circle cx="25" cy="8" r="3.4" fill="currentColor" />
      <circle cx="16" cy="24" r="3.4" class="mark-dot" />
    </svg>
  );
}
