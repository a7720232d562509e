import { Assets } from "../../server/ui/assets/assets.ts";
import { Layout } from "../../server/ui/components/layout.tsx";
import { Empty } from "../../server/ui/components/notice.tsx";
import { Panel } from "../../server/ui/components/panel.tsx";
import { STORIES } from "../../server/ui/components/stories.ts";
import type { Story } from "../../server/ui/components/story.ts";
import { respond } from "../../server/ui/shell/respond.ts";

/** Serves a page for each component, with the layout, the style and the scripts of the product. */
export function storyBook(): (request: Request) => Promise<Response> {
  const assets = new Assets();
  const nav = STORIES.map(({ component }) => ({
    section: "Fleet" as const,
    label: component.replaceAll("_", " "),
    href: `/${component}`,
  }));
  return async (request) => {
    const { pathname } = new URL(request.url);
    const asset = assets.answer(pathname, request.headers.get("accept-encoding") ?? "");
    if (asset) return asset;
    if (pathname === "/pulse") return new Response(null, { status: 204 });
    const shown = pathname === "/"
      ? STORIES
      : STORIES.filter(({ component }) => `/${component}` === pathname);
    return await respond(
      request,
      <Layout
        title={shown.length === 0
          ? "Nowhere"
          : pathname === "/"
          ? "Components"
          : pathname.slice(1).replaceAll("_", " ")}
        path={pathname}
        nav={nav}
        assetUrl={(name) => assets.url(name)}
        who={{ name: "ann", role: "admin", canLogOut: false }}
        csrfToken=""
      >
        {shown.map((story) => <StoryPanel story={story} />)}
        {shown.length === 0 && (
          <Empty title="A story leads nowhere: this link shows how it looks, and there is no fleet behind it.">
            <p>
              <a href="/">Back to the components</a>
            </p>
          </Empty>
        )}
      </Layout>,
      { status: shown.length === 0 ? 404 : 200 },
    );
  };
}

function StoryPanel({ story: { component, use, cases } }: { story: Story }) {
  return (
    <Panel title={component.replaceAll("_", " ")} note={use}>
      {cases.map(({ name, show }) => (
        <div class="stream">
          <p class="quiet">{name}</p>
          {show()}
        </div>
      ))}
    </Panel>
  );
}
