import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/** A key of the ring: 32 bytes under a name that stands beside whatever it has sealed. */
export interface SealKey {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Why something sealed cannot be opened, with the way out; the message names keys and holders, never what is inside. */
export class SealError extends Error {
  override readonly name = 'SealError';
  /** The operator can mend a missing key; what was altered is lost. */
  readonly reason: 'key-missing' | 'damaged';

  constructor(reason: SealError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Seals texts for the disk (AES-256-GCM). The first key seals, all of them open. */
export interface Seal {
  /** `place` is bound to the text: what was sealed for one grant does not open as another's. */
  readonly seal: (text: string, place: string) => string;
  /** Throws SealError. */
  readonly open: (sealed: string, place: string) => string;
  /** Whether the first key has sealed it. */
  readonly isNewest: (sealed: string) => boolean;
  /** The id of the key that has sealed it; null for what is no sealed text. */
  readonly keyIdOf: (sealed: string) => string | null;
  /** Ids of the ring's keys, newest first. */
  readonly keyIds: readonly string[];
  /** A key for another purpose, derived from each key of the ring, the first one first. */
  readonly derived: (purpose: string) => readonly Uint8Array[];
}

const version = 'v1';
const ivBytes = 12; // NIST SP 800-38D §8.2.2: random, new for each text
const tagBytes = 16;
const form = /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]+)$/;

/** `keys`: newest first, at least one. */
export const createSeal = (keys: readonly [SealKey, ...SealKey[]]): Seal => {
  const [newest] = keys;
  return {
    seal: (text, place) => {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', newest.bytes, iv, { authTagLength: tagBytes });
      cipher.setAAD(associated(newest.id, place));
      const parts = [iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return `${version}.${newest.id}.${Buffer.concat(parts).toString('base64url')}`;
    },
    open: (sealed, place) => {
      const [, keyId, body] = form.exec(sealed) ?? [];
      if (keyId === undefined || body === undefined) throw damaged(place);
      const key = keys.find(({ id }) => id === keyId);
      if (!key)
        throw new SealError(
          'key-missing',
          `The grant of ${place} was sealed with key "${keyId}": add that key to TOKEN_KEYS.`,
        );
      return opened(key, Buffer.from(body, 'base64url'), place);
    },
    isNewest: (sealed) => keyIdOf(sealed) === newest.id,
    keyIdOf,
    keyIds: keys.map(({ id }) => id),
    derived: (purpose) => keys.map(({ bytes }) => createHmac('sha256', bytes).update(purpose).digest()),
  };
};

const keyIdOf = (sealed: string): string | null => form.exec(sealed)?.[1] ?? null;

const associated = (keyId: string, place: string): Buffer => Buffer.from(JSON.stringify([version, keyId, place]));

const opened = (key: SealKey, bytes: Buffer, place: string): string => {
  if (bytes.length < ivBytes + tagBytes) throw damaged(place);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(0, ivBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(associated(key.id, place));
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()]).toString('utf8');
  } catch {
    throw damaged(place, key.id);
  }
};

const damaged = (place: string, keyId?: string): SealError => {
  const otherKey = keyId === undefined ? '' : `, or key "${keyId}" of TOKEN_KEYS is not the one that sealed it`;
  return new SealError(
    'damaged',
    `The stored grant of ${place} has been altered or cut${otherKey}: restore the store or the key, or connect it again at /oauth/install.`,
  );
};
