/** A field of a canonical frame: text is UTF-8, a bigint is 8 bytes big-endian, bytes stand as they are. */
export type FrameField = string | bigint | Uint8Array;

const INTEGER_BYTES = 8;
const encoder = new TextEncoder();

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
  const maxBytes = tag.length + 1 + fields.reduce((sum, field) => sum + 4 + maxSizeOf(field), 0);
  const frame = new Uint8Array(maxBytes);
  const view = new DataView(frame.buffer);
  encoder.encodeInto(tag, frame);
  let offset = tag.length + 1;
  for (const field of fields) {
    const sizeBytes = writeField(frame, view, offset + 4, field);
    view.setUint32(offset, sizeBytes);
    offset += 4 + sizeBytes;
  }
  return offset === maxBytes ? frame : frame.slice(0, offset);
}

/** A UTF-16 unit has at most three bytes of UTF-8, so that text is encoded in its place and not on the way. */
function maxSizeOf(field: FrameField): number {
  if (typeof field === "bigint") return INTEGER_BYTES;
  return typeof field === "string" ? 3 * field.length : field.length;
}

/** @returns how many bytes it took. */
function writeField(frame: Uint8Array, view: DataView, offset: number, field: FrameField): number {
  if (field instanceof Uint8Array) {
    frame.set(field, offset);
    return field.length;
  }
  if (typeof field === "string") {
    if (!field.isWellFormed()) {
      throw new TypeError("Cannot encode frame: a string holds an unpaired surrogate");
    }
    return encoder.encodeInto(field, frame.subarray(offset)).written;
  }
  if (field < 0n || field > MAX_FRAME_INTEGER) {
    throw new RangeError(`Cannot encode frame: ${field} does not fit in 64 unsigned bits`);
  }
  view.setBigUint64(offset, field);
  return INTEGER_BYTES;
}
