import { directory } from "./directory.ts";
import { exec } from "./exec.ts";
import { file } from "./file.ts";
import { packageResource } from "./package.ts";
import type { ApplyContext, Change, Finding, ResourceType } from "./resource.ts";
import { service } from "./service.ts";
import { symlink } from "./symlink.ts";
import { user } from "./user.ts";

/** A resource type together with parameters that its schema has accepted. */
export interface BoundResource {
  check(context: ApplyContext): Promise<Finding>;
  apply(context: ApplyContext): Promise<Change>;
  settles(context: ApplyContext): boolean;
}

export type Binding =
  | { readonly ok: true; readonly resource: BoundResource }
  | { readonly ok: false; readonly reason: string };

type Binder = (params: unknown) => Binding;

/** The resource types an agent knows, by name. */
export class Registry {
  readonly #binders = new Map<string, Binder>();

  /** Adds a type; a later one of the same name takes its place. */
  register<Params>(type: ResourceType<Params>): this {
    this.#binders.set(type.type, (params) => bind(type, params));
    return this;
  }

  /** The names of the types, in the order in which they were added. */
  types(): readonly string[] {
    return [...this.#binders.keys()];
  }

  /** Checks parameters with the schema of their type. A refusal is a reason: the parameters came from outside. */
  bind(type: string, params: unknown): Binding {
    const binder = this.#binders.get(type);
    if (binder === undefined) {
      const known = this.types().join(", ");
      return {
        ok: false,
        reason: `resource type "${type}" is unknown to this agent; it knows ${known}`,
      };
    }
    return binder(params);
  }
}

/** Every type this agent can apply. */
export function standardRegistry(): Registry {
  return new Registry()
    .register(file)
    .register(directory)
    .register(symlink)
    .register(exec)
    .register(packageResource)
    .register(service)
    .register(user);
}

function bind<Params>(type: ResourceType<Params>, input: unknown): Binding {
  const parsed = type.schema.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) =>
      issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`
    );
    return {
      ok: false,
      reason: `Cannot read the parameters of ${type.type}: ${problems.join("; ")}`,
    };
  }
  const params = parsed.data;
  return {
    ok: true,
    resource: {
      check: (context) => type.check(params, context),
      apply: (context) => type.apply(params, context),
      settles: (context) => type.settles?.(params, context) ?? true,
    },
  };
}
