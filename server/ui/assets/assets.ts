import { createHash } from "node:crypto";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { type AssetName, EMBEDDED } from "./embedded.ts";

/** Where assets are answered. */
export const ASSETS_PATH = "/assets";
/** Of an address: enough of the digest that no two versions of a file share one. */
const HASH_LENGTH = 12;
/** The name in an address changes with the content, so what was loaded once is good for ever (RFC 8246). */
const CACHE_CONTROL = "public, max-age=31536000, immutable";

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

interface Asset {
  readonly url: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Compressed when it is first asked for, which takes a tenth of a second for all of them. */
  compressed:
    | { readonly br: Uint8Array<ArrayBuffer>; readonly gzip: Uint8Array<ArrayBuffer> }
    | undefined;
}

/** The files that pages load: their addresses, which carry a hash of the content, and the answers to them. */
export class Assets {
  readonly #byName = new Map<string, Asset>();
  readonly #byUrl = new Map<string, Asset>();

  constructor(files: Readonly<Record<string, string>> = EMBEDDED) {
    for (const [name, text] of Object.entries(files)) {
      const dot = name.lastIndexOf(".");
      const [stem, extension] = [name.slice(0, dot), name.slice(dot + 1)];
      const hash = createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH);
      const asset: Asset = {
        url: `${ASSETS_PATH}/${stem}.${hash}.${extension}`,
        mediaType: MEDIA_TYPES[extension] ?? "text/plain; charset=utf-8",
        bytes: new TextEncoder().encode(text),
        compressed: undefined,
      };
      this.#byName.set(name, asset);
      this.#byUrl.set(asset.url, asset);
    }
  }

  /** The address of a file as it is now. */
  url(name: AssetName): string {
    const asset = this.#byName.get(name);
    if (asset === undefined) throw new RangeError(`There is no asset ${name}`);
    return asset.url;
  }

  /** Answers a request for a file; `undefined` if there is none at this path, such as one of another version. */
  answer(path: string, acceptEncoding: string): Response | undefined {
    const asset = this.#byUrl.get(path);
    if (asset === undefined) return undefined;
    const headers = new Headers({
      "content-type": asset.mediaType,
      "cache-control": CACHE_CONTROL,
      vary: "accept-encoding",
    });
    const encoding = (["br", "gzip"] as const).find((name) => accepts(acceptEncoding, name));
    if (encoding === undefined) return new Response(asset.bytes, { headers });
    asset.compressed ??= compress(asset.bytes);
    headers.set("content-encoding", encoding);
    return new Response(asset.compressed[encoding], { headers });
  }
}

/** Whether a request takes an encoding (RFC 9110, 12.5.3); one that it weighs with 0 it does not take. */
export function accepts(header: string, encoding: string): boolean {
  return header.split(",").some((part) => {
    const [name, ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    return name === encoding && !parameters.some((text) => /^q=0(\.0*)?$/.test(text));
  });
}

function compress(bytes: Uint8Array): NonNullable<Asset["compressed"]> {
  return {
    br: new Uint8Array(
      brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
    ),
    gzip: new Uint8Array(gzipSync(bytes, { level: 9 })),
  };
}
