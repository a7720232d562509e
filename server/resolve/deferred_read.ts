import { ScopeInterruption, type TemplateScope } from "../../shared/templates/template.ts";
import type { Place, ProblemList } from "../stacks/problem_list.ts";
import type { StackSecret, StackTemplate } from "../stacks/stack_value.ts";

/** A template and where its text stands, in a value or in a file. */
export type PlacedTemplate = Pick<StackTemplate, "template" | "placeAt">;

/** A value that only the machine can work out, with the names that it sees. */
export type MachineValue =
  | { readonly kind: "secret"; readonly secret: StackSecret }
  | {
    readonly kind: "template";
    readonly template: PlacedTemplate;
    readonly scope: TemplateScope;
  };

/**
 * Thrown where something is read that is for the machine to work out: a secret, or a template that names a trait which the
 * server does not know. `message` and `place` say why, for what the server has to know.
 */
export class DeferredRead extends ScopeInterruption {
  override readonly name = "DeferredRead";
  constructor(
    message: string,
    readonly place: Place,
    readonly value: MachineValue,
    /** Whether it is for the machine to work out because there is a secret in it. */
    readonly isSecret: boolean,
  ) {
    super(message);
  }

  /** Reports that the server has to know what was read at `use`. */
  report(problems: ProblemList, use: Place): void {
    if (this.isSecret) problems.add(use, `no place for a secret: ${this.message}`);
    else problems.add(this.place, `the server has to know this: ${this.message}`);
  }
}
