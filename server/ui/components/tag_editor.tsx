import { ActionForm, Button, Field } from "./form.tsx";
import { Word } from "./text.tsx";

/** Tags of an envoy; with forms for whoever may change them, which are the actions `tag` and `untag` of the page. */
export function TagEditor({ tags, canEdit, csrfToken, typed }: {
  tags: Readonly<Record<string, string>>;
  canEdit: boolean;
  csrfToken: string;
  /** What was typed, if it was refused. */
  typed: string | undefined;
}) {
  const names = Object.keys(tags).sort();
  return (
    <>
      {names.length === 0 ? <p class="quiet">No tags.</p> : (
        <ul class="tags">
          {names.map((name) => (
            <li class="tag">
              <Word>{tags[name] === "" ? name : `${name}=${tags[name]}`}</Word>
              {canEdit && (
                <ActionForm
                  action="untag"
                  csrfToken={csrfToken}
                  label={`Take the tag ${name} away`}
                  className="untag"
                >
                  <input type="hidden" name="tag" value={name} />
                  <button type="submit" class="link" aria-label={`Take the tag ${name} away`}>
                    ×
                  </button>
                </ActionForm>
              )}
            </li>
          ))}
        </ul>
      )}
      {canEdit && (
        <ActionForm
          action="tag"
          csrfToken={csrfToken}
          label="Add a tag"
          className="form inline tag-form"
        >
          <Field
            name="tag"
            label="Add or change a tag"
            placeholder="role=db"
            isMono
            isRequired
            value={typed}
          />
          <Button>Set</Button>
        </ActionForm>
      )}
    </>
  );
}
