// Looks for planted secrets in whatever was emitted, in every spelling that a program gives them by accident.
import { randomBytes } from 'node:crypto';

/** Secrets that exist nowhere else, by name. */
export interface Canaries {
  /** Makes one of the characters that a secret of OAuth may have (RFC 6749 appendix A), and remembers it. */
  readonly plant: (name: string) => string;
  /** Makes one of the characters that a bearer token may have (RFC 6750 §2.1), and remembers it. */
  readonly plantToken: (name: string) => string;
  /** Remembers one that somebody else has made. */
  readonly adopt: (name: string, value: string) => string;
  /** Every find as `name, as spelling, in place`; empty for none. Values of one place may be bytes as latin1 text. */
  readonly leaksIn: (emitted: ReadonlyMap<string, string>) => readonly string[];
}

/** None at first. */
export const createCanaries = (): Canaries => {
  const values = new Map<string, string>();
  const adopt = (name: string, value: string): string => {
    values.set(values.has(name) && values.get(name) !== value ? `${name} ${values.size}` : name, value);
    return value;
  };
  return {
    // Spelled differently in addresses, forms and JSON, and with ends too short to look like a secret by themselves.
    plant: (name) => adopt(name, `${hex(8)}c'n"ary/(${hex(6)})!+${hex(8)}`),
    plantToken: (name) => adopt(name, `${hex(8)}.${randomBytes(24).toString('base64url')}/+~${hex(8)}`),
    adopt,
    leaksIn: (emitted) =>
      [...values].flatMap(([name, value]) =>
        [...spellingsOf(value)].flatMap(([spelling, text]) =>
          [...emitted].flatMap(([place, said]) =>
            said.includes(text) ? [`${name}, as ${spelling}, in ${place}`] : [],
          ),
        ),
      ),
  };
};

const hex = (byteCount: number): string => randomBytes(byteCount).toString('hex');

const partLength = 16;

/** Its spellings by their names. */
export const spellingsOf = (secret: string): ReadonlyMap<string, string> => {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((shift) => inBase64(bytes, shift));
  const ends = [secret.slice(0, partLength), secret.slice(-partLength)];
  return new Map([
    ['plain', secret],
    ...base64.map((text, shift): [string, string] => [`base64 at ${shift}`, text]),
    ...base64.map((text, shift): [string, string] => [`base64url at ${shift}`, toUrlAlphabet(text)]),
    ['hex', bytes.toString('hex')],
    ['HEX', bytes.toString('hex').toUpperCase()],
    ['URL-encoded', encodeURIComponent(secret)],
    ['form-encoded', new URLSearchParams({ s: secret }).toString().slice(2)],
    ['JSON', JSON.stringify(secret).slice(1, -1)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(secret)).slice(3, -3)],
    ['its first characters', ends[0] ?? ''],
    ['its last characters', ends[1] ?? ''],
    ['its first characters, URL-encoded', encodeURIComponent(ends[0] ?? '')],
    ['its last characters, URL-encoded', encodeURIComponent(ends[1] ?? '')],
  ]);
};

// Inside something longer, the characters at both ends of its base64 depend on the neighbours.
const inBase64 = (bytes: Buffer, shift: number): string => {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const whole = Math.floor((shift + bytes.length) / 3) * 4;
  return text.slice(shift === 0 ? 0 : 4, whole);
};

const toUrlAlphabet = (base64: string): string => base64.replaceAll('+', '-').replaceAll('/', '_');
