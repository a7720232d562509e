import { Buffer } from "node:buffer";
import { crc32, deflateRawSync } from "node:zlib";

/** One entry of an archive. */
export interface ZipMember {
  readonly name: string;
  readonly content?: string;
  /** As stat(2) has it; a regular file otherwise. */
  readonly mode?: number;
  readonly deflated?: boolean;
  /** What the archive claims, where that is not the truth. */
  readonly claimed?: {
    readonly size?: number;
    readonly crc?: number;
    readonly flags?: number;
    readonly offset?: number;
  };
}

/** Writes an archive as APPNOTE.TXT describes it. */
export function writeZip(members: readonly ZipMember[], comment = ""): Uint8Array {
  const parts: Buffer[] = [], central: Buffer[] = [];
  let offset = 0;
  for (const { name, content = "", mode = 0o100644, deflated = false, claimed } of members) {
    const raw = Buffer.from(content), nameBytes = Buffer.from(name);
    const data = deflated ? deflateRawSync(raw) : raw;
    const numbers = Buffer.alloc(16);
    numbers.writeUInt32LE(claimed?.crc ?? crc32(raw), 4);
    numbers.writeUInt32LE(data.length, 8);
    numbers.writeUInt32LE(claimed?.size ?? raw.length, 12);
    const common = Buffer.alloc(6);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(claimed?.flags ?? 0x800, 2);
    common.writeUInt16LE(deflated ? 8 : 0, 4);
    const tail = Buffer.alloc(4);
    tail.writeUInt16LE(nameBytes.length, 0);
    const local = Buffer.concat([signature(0x04034b50), common, numbers, tail, nameBytes]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(mode * 65536, 6);
    rest.writeUInt32LE(claimed?.offset ?? offset, 10);
    const madeBy = Buffer.from([20, 3]);
    central.push(
      Buffer.concat([signature(0x02014b50), madeBy, common, numbers, tail, rest, nameBytes]),
    );
    parts.push(local, data);
    offset += local.length + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(members.length, 4);
  end.writeUInt16LE(members.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  end.writeUInt16LE(comment.length, 16);
  return Buffer.concat([...parts, directory, signature(0x06054b50), end, Buffer.from(comment)]);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
