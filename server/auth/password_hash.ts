import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** What a guess costs (RFC 7914, 2): memory is 128 × r × 2^ln bytes, time grows with p. */
export interface ScryptCost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB and about a quarter of a second on one core, one of the settings that OWASP recommends as equal in strength. */
export const SCRYPT_COST: ScryptCost = { ln: 15, r: 8, p: 3 };

const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Hashes that are worked out at once: each takes a core and its memory. */
const MAX_AT_ONCE = 2;
/** Hashes that wait for their turn; beyond it whoever asks is told to come back. */
const MAX_WAITING = 64;
/** Of a stored hash; a larger cost was not written by this program. */
const MAX_COST: ScryptCost = { ln: 18, r: 16, p: 8 };

/** So many passwords wait to be checked that another would wait too long. */
export class TooManyPasswordsError extends Error {
  override readonly name = "TooManyPasswordsError";

  constructor() {
    super(`More than ${MAX_WAITING} passwords wait to be checked`);
  }
}

/**
 * Turns passwords into what may be stored, and checks them. A hash carries its own salt and cost, as in
 * `$scrypt$ln=15,r=8,p=3$SALT$HASH`, so that the cost can rise without anybody's password being lost.
 */
export class PasswordHasher {
  readonly #cost: ScryptCost;
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  /** Compared with where there is no user, so that this takes as long as where there is one. */
  readonly #nobodys: string;

  constructor(cost: ScryptCost = SCRYPT_COST) {
    this.#cost = cost;
    this.#nobodys = write(cost, randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));
  }

  /** @throws {TooManyPasswordsError} if too many wait. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    return write(this.#cost, salt, await this.#derive(password, salt, this.#cost));
  }

  /**
   * Whether the password is the one that was stored; without a stored one the same work is done, and the answer is no.
   *
   * @throws {TooManyPasswordsError} if too many wait.
   * @throws {TypeError} if what is stored is no hash of this form; the message does not quote it.
   */
  async verify(password: string, stored: string | undefined): Promise<boolean> {
    const { cost, salt, hash } = read(stored ?? this.#nobodys);
    const isSame = timingSafeEqual(await this.#derive(password, salt, cost), hash);
    return stored !== undefined && isSame;
  }

  /** Whether a stored hash was made at another cost than new ones are. */
  isOutdated(stored: string): boolean {
    const { ln, r, p } = read(stored).cost;
    return ln !== this.#cost.ln || r !== this.#cost.r || p !== this.#cost.p;
  }

  async #derive(password: string, salt: Uint8Array, { ln, r, p }: ScryptCost): Promise<Buffer> {
    if (this.#running < MAX_AT_ONCE) this.#running += 1;
    else await this.#turn();
    try {
      const N = 2 ** ln;
      return await new Promise((resolve, reject) =>
        // One spelling of what looks the same, whatever keyboard it was typed on (RFC 8265, 4.2.2).
        scrypt(
          password.normalize("NFC"),
          salt,
          HASH_BYTES,
          { N, r, p, maxmem: 256 * N * r },
          (error, key) => error ? reject(error) : resolve(key),
        )
      );
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }

  /** Waits until whoever is done hands its place over. */
  #turn(): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new TooManyPasswordsError());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

function write({ ln, r, p }: ScryptCost, salt: Buffer, hash: Buffer): string {
  const text = (bytes: Buffer) => bytes.toString("base64").replaceAll("=", "");
  return `$scrypt$ln=${ln},r=${r},p=${p}$${text(salt)}$${text(hash)}`;
}

function read(stored: string): { cost: ScryptCost; salt: Buffer; hash: Buffer } {
  const [, ln, r, p, salt = "", hash = ""] =
    /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(stored) ?? [];
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const isWithin = cost.ln <= MAX_COST.ln && cost.r <= MAX_COST.r && cost.p <= MAX_COST.p;
  const bytes = Buffer.from(hash, "base64");
  if (!isWithin || bytes.length !== HASH_BYTES) {
    throw new TypeError("Cannot check a password: what is stored for it is damaged. Set a new one");
  }
  return { cost, salt: Buffer.from(salt, "base64"), hash: bytes };
}
