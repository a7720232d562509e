import type { HostTrace } from "../resolve/trace_host.ts";

/**
 * The part of a trace that is about one thing: a resource as `type:name` or by its name alone, a variable, or a crate with all
 * that is in it.
 */
export function filterTrace(trace: HostTrace, wanted: string): HostTrace {
  const isResource = (id: string) => id === wanted || id.slice(id.indexOf(":") + 1) === wanted;
  const isCrate = (crate: string | null) => crate === wanted;
  return {
    ...trace,
    crates: trace.crates.filter(({ name }) => isCrate(name)),
    variables: trace.variables.filter(({ name, crate }) =>
      name === wanted || `vars.${name}` === wanted || isCrate(crate)
    ),
    resources: trace.resources.filter(({ id, crate }) => isResource(id) || isCrate(crate)),
    leftOut: trace.leftOut.filter(({ declared, crate }) => isResource(declared) || isCrate(crate)),
  };
}

/** Every name that {@linkcode filterTrace} finds something by. */
export function* traceableNames(trace: HostTrace): Generator<string> {
  for (const { name } of [...trace.crates, ...trace.variables]) yield name;
  for (
    const id of [
      ...trace.resources.map(({ id }) => id),
      ...trace.leftOut.map((one) => one.declared),
    ]
  ) {
    yield id;
    yield id.slice(id.indexOf(":") + 1);
  }
}
