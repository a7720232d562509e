import type { Child, PropsWithChildren } from "hono/jsx";
import { CSRF_FIELD } from "../form.ts";

/** A form that changes something: it carries the token of its session, and what it does. */
export function ActionForm(
  { to, csrfToken, action, label, children, className = "form" }: PropsWithChildren<{
    /** The address of the page that has the action; the page itself without it. */
    to?: string;
    csrfToken: string;
    action: string;
    label: string;
    className?: string;
  }>,
) {
  return (
    <form method="post" action={to} class={className} aria-label={label}>
      <input type="hidden" name={CSRF_FIELD} value={csrfToken} />
      <input type="hidden" name="do" value={action} />
      {children}
    </form>
  );
}

/** What a field of one line takes. */
export interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly value?: string | undefined;
  readonly hint?: Child;
  readonly type?: "text" | "password" | "number" | "search" | "url";
  readonly isRequired?: boolean;
  readonly placeholder?: string;
  readonly autocomplete?: string;
  readonly isMono?: boolean;
  readonly maxLength?: number;
  readonly hasFocus?: boolean;
  /** Identifiers are made of the name; a page with two forms tells them apart by this. */
  readonly idPrefix?: string;
  readonly suggestions?: readonly string[];
}

/** A field of one line with its label. */
export function Field(props: FieldProps) {
  const { name, label, value, hint, type = "text", isRequired, idPrefix = "field", suggestions } =
    props;
  const id = `${idPrefix}-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        type={type}
        value={value}
        required={isRequired}
        placeholder={props.placeholder}
        maxlength={props.maxLength}
        autofocus={props.hasFocus}
        autocomplete={props.autocomplete ?? "off"}
        autocapitalize="none"
        class={props.isMono ? "mono" : undefined}
        list={suggestions && `${id}-list`}
        aria-describedby={hint ? `${id}-hint` : undefined}
      />
      {suggestions && (
        <datalist id={`${id}-list`}>{suggestions.map((one) => <option value={one} />)}</datalist>
      )}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** A field of several lines. */
export function TextArea({ name, label, value, hint, rows = 3, isRequired, idPrefix = "field" }: {
  name: string;
  label: string;
  value?: string | undefined;
  hint?: Child;
  rows?: number;
  isRequired?: boolean;
  idPrefix?: string;
}) {
  const id = `${idPrefix}-${name}`;
  return (
    <div class="field wide">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        name={name}
        rows={rows}
        required={isRequired}
        autocapitalize="none"
        class="mono"
        aria-describedby={hint ? `${id}-hint` : undefined}
      >
        {value ?? ""}
      </textarea>
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** One of a few. */
export function Select({ name, label, value, options, hint, idPrefix = "field" }: {
  name: string;
  label: string;
  value?: string | undefined;
  options: readonly (readonly [value: string, label: string])[];
  hint?: Child;
  idPrefix?: string;
}) {
  const id = `${idPrefix}-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={name} aria-describedby={hint ? `${id}-hint` : undefined}>
        {options.map(([one, text]) => <option value={one} selected={one === value}>{text}</option>)}
      </select>
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** Yes or no. */
export function Checkbox({ name, label, isOn, hint, idPrefix = "field" }: {
  name: string;
  label: string;
  isOn?: boolean;
  hint?: Child;
  idPrefix?: string;
}) {
  const id = `${idPrefix}-${name}`;
  return (
    <div class="field check">
      <input
        id={id}
        name={name}
        type="checkbox"
        value="yes"
        checked={isOn}
        aria-describedby={hint ? `${id}-hint` : undefined}
      />
      <label for={id}>{label}</label>
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** What sends a form. */
export function Button({ children, kind = "plain", name, value, ask, label }: PropsWithChildren<{
  kind?: "main" | "plain" | "danger" | "small";
  name?: string;
  value?: string;
  /** A question to answer first, where scripts run. */
  ask?: string;
  label?: string;
}>) {
  return (
    <button
      type="submit"
      class={`button ${kind}`}
      name={name}
      value={value}
      data-ask={ask}
      aria-label={label}
    >
      {children}
    </button>
  );
}
