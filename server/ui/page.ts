import type { Child } from "hono/jsx";
import type { Permission } from "../../shared/rest/endpoint.ts";
import type { Principal } from "../service/principal.ts";
import type { AssetName } from "./assets/embedded.ts";
import type { Calls } from "./calls.ts";
import type { Form } from "./form.ts";

/** Parts of the menu, in its order. */
export const NAV_SECTIONS = ["Fleet", "Swarm", "Server"] as const;

/** One page of the interface. Adding it to `pages/index.ts` is all that it takes to be served, guarded and linked. */
export interface Page {
  /** As Hono reads it, such as `/envoys/:host`. Forms of the page are sent to the same address. */
  readonly path: string;
  /** What its reader must be allowed to do; what it calls has permissions of its own beside. */
  readonly permission: Permission;
  /** Where it stands in the menu; without this it stands nowhere. */
  readonly nav?: { readonly section: typeof NAV_SECTIONS[number]; readonly label: string };
  readonly view: (context: PageContext) => Promise<View>;
  /** What its forms do, by the value of their field `do`. */
  readonly actions?: Readonly<Record<string, Action>>;
  /** Streams of events for it, by the last part of their address: `/tasks/:id/stream`. */
  readonly streams?: Readonly<Record<string, (context: PageContext) => Promise<Response>>>;
}

/** What a page shows. */
export interface View {
  /** Of the answer, if something was asked for that cannot be shown; 200 without it. */
  readonly status?: number;
  readonly title: string;
  readonly body: Child;
  /** Where the same data is as JSON, below `/api/v1`. */
  readonly rest?: string;
  /** Scripts beside those of every page, as modules. */
  readonly scripts?: readonly AssetName[];
}

/** What a form does. */
export interface Action {
  /** What it does, as a heading over what is about to be sent. */
  readonly words: string;
  /** Whether it is hard to take back. */
  readonly isDangerous?: true;
  readonly permission: Permission;
  /** Whatever it throws as a refusal is shown on the page, with the form as it was filled in. */
  readonly run: (context: PageContext, form: Form) => Promise<ActionAnswer>;
}

/** Where to go from here, with a word about what was done; or another view in place of the page's own. */
export type ActionAnswer =
  | { readonly goTo: string; readonly say?: string }
  | { readonly show: View };

/** A form that was not accepted. */
export interface Rejected {
  readonly action: string;
  readonly status: number;
  readonly message: string;
  readonly form: Form;
}

/** What a page works with. */
export interface PageContext {
  /** The REST contract, in the name of whoever looks. */
  readonly call: Calls["call"];
  readonly stream: Calls["stream"];
  readonly principal: Principal;
  /** Whether the reader may do something; a page shows no form that would be refused. */
  readonly may: (permission: Permission) => boolean;
  readonly url: URL;
  /** A named part of the page's path, decoded. */
  readonly param: (name: string) => string;
  /** A parameter of the query, without the blanks around it; empty if it is not there. */
  readonly query: (name: string) => string;
  /** For forms. */
  readonly csrfToken: string;
  readonly assetUrl: (name: AssetName) => string;
  readonly nowMs: number;
  /** The form that was refused just now, so that it is shown as it was filled in. */
  readonly rejected: Rejected | undefined;
}

/** Declares a page; exists so that each is checked where it is written. */
export function definePage(page: Page): Page {
  return page;
}
