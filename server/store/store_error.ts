/** The store cannot do its work: it cannot be opened, is damaged, locked, or of another version. One line, for a person. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/** A page cursor that this store did not hand out. */
export class CursorError extends Error {
  override readonly name = "CursorError";

  constructor(cursor: string) {
    super(
      `Cannot read cursor ${
        JSON.stringify(cursor.slice(0, 80))
      }: use the one that came with the previous page`,
    );
  }
}

/** Somebody else wrote the record of this sequence first; read the head again and retry. */
export class SequenceTakenError extends Error {
  override readonly name = "SequenceTakenError";

  constructor(readonly seq: number) {
    super(`Cannot append audit record ${seq}: the sequence is taken`);
  }
}

/** A row of the audit chain no longer has the form of a record. */
export class DamagedRecordError extends Error {
  override readonly name = "DamagedRecordError";

  constructor(readonly seq: number, options?: ErrorOptions) {
    super(`Cannot read audit record ${seq}: its columns do not parse`, options);
  }
}
