import { type BundleResource, bundleResourceSchema } from "../../shared/config/policy_bundle.ts";

/** A file whose content is the secret at `path`, as a bundle carries it. */
export function withSecret(
  path: string,
  file = `/etc/${path.replaceAll("/", "-")}`,
): BundleResource {
  return bundleResourceSchema.parse({
    id: `file:${file}`,
    type: "file",
    name: file,
    crate: "secrets",
    source: "configcrates/secrets.vgo:1:1",
    dependsOn: [],
    notify: [],
    params: { path: file, mode: "0600" },
    deferred: [{ at: "/content", value: { kind: "secret", path } }],
  });
}
