import { filecastNewsSchema, swarmGraphNewsSchema } from "../../shared/rest/swarm_graph.ts";
import type { SwarmPictures } from "../swarm/compose_pictures.ts";
import { eventStream } from "./event_stream.ts";
import { paginate } from "./paginate.ts";
import { pathParameter, type RouteTable } from "./route.ts";
import { unwrap } from "./service_answer_error.ts";

type PictureEndpoints = "filecastChunks" | "filecastEvents" | "swarmGraph" | "swarmGraphEvents";

/** What the swarm looks like, once and as it changes. */
export function swarmPictureRoutes(
  { graph, chunks }: Pick<SwarmPictures, "graph" | "chunks">,
): RouteTable<PictureEndpoints> {
  return {
    // An async function, so that an unknown SHA rejects.
    // deno-lint-ignore require-await
    filecastChunks: async ({ params, query }) => {
      const withMaps = query.maps === "yes";
      const { rows, ...rest } = unwrap(chunks.show(pathParameter(params, "sha"), { withMaps }));
      const { page, nextCursor } = paginate(rows, ({ hostname }) => hostname, query);
      return { ...rest, rows: page, nextCursor };
    },
    filecastEvents: ({ params }) =>
      // An async function, so that an unknown SHA rejects.
      // deno-lint-ignore require-await
      eventStream(async (signal) => {
        const news = unwrap(chunks.follow(pathParameter(params, "sha"), signal));
        return parsed(news, (one) => filecastNewsSchema.parse(one));
      }),
    swarmGraph: () => Promise.resolve(graph.show()),
    swarmGraphEvents: () =>
      // deno-lint-ignore require-await -- what it gives is a promise by its type.
      eventStream(async (signal) =>
        parsed(graph.follow(signal), (one) => swarmGraphNewsSchema.parse(one))
      ),
  };
}

/** Lets nothing out that the contract does not name. */
async function* parsed<In, Out>(news: AsyncGenerator<In>, parse: (one: In) => Out) {
  for await (const one of news) yield parse(one);
}
