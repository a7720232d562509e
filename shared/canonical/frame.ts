/** A field of a canonical frame: text is UTF-8, a bigint is 8 bytes big-endian, bytes stand as they are. */
export type FrameField = string | bigint | Uint8Array;

/** Largest value an integer field can carry. */
export const MAX_FRAME_INTEGER = 2n ** 64n - 1n;

/**
 * The bytes that are signed or hashed: `tag`, a zero byte, then for each field a big-endian u32 length and the bytes.
 * The tag separates domains, so that a signature made for one purpose means nothing for another; the lengths make the
 * encoding injective, so that no two lists of fields share their bytes.
 *
 * @throws {RangeError} if the tag holds anything but printable ASCII, or an integer does not fit in 64 bits.
 * @throws {TypeError} if a string is not well-formed Unicode, since two such strings could share their bytes.
 */
export function encodeFrame(tag: string, fields: readonly FrameField[]): Uint8Array<ArrayBuffer> {
  if (!/^[\x21-\x7e]+$/.test(tag)) {
    throw new RangeError(
      `Cannot encode frame with tag ${JSON.stringify(tag)}: use printable ASCII`,
    );
  }
  const parts = fields.map(encodeField);
  const sizeBytes = tag.length + 1 + parts.reduce((sum, part) => sum + 4 + part.length, 0);
  const frame = new Uint8Array(sizeBytes);
  const view = new DataView(frame.buffer);
  new TextEncoder().encodeInto(tag, frame);
  let offset = tag.length + 1;
  for (const part of parts) {
    view.setUint32(offset, part.length);
    frame.set(part, offset + 4);
    offset += 4 + part.length;
  }
  return frame;
}

function encodeField(field: FrameField): Uint8Array {
  if (field instanceof Uint8Array) return field;
  if (typeof field === "string") {
    if (!field.isWellFormed()) {
      throw new TypeError("Cannot encode frame: a string holds an unpaired surrogate");
    }
    return new TextEncoder().encode(field);
  }
  if (field < 0n || field > MAX_FRAME_INTEGER) {
    throw new RangeError(`Cannot encode frame: ${field} does not fit in 64 unsigned bits`);
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, field);
  return bytes;
}
