import { randomBytes } from 'node:crypto';

/** The app's credentials as they are now. */
export interface Client {
  readonly id: string;
  /** Changes with rotateSecret: read it when it is needed, do not keep it. */
  readonly secret: string;
  /** The old secret is refused at once; the vendor's overlap is not imitated. Returns the new one. */
  readonly rotateSecret: () => string;
  /** Refused by now, but still not to be found in a log. */
  readonly formerSecrets: () => readonly string[];
}

/** Begins with the seed's secret. The next ones are chance, so that none is guessed from an earlier run. */
export const createClient = (seeded: { readonly id: string; readonly secret: string }): Client => {
  const former: string[] = [];
  let current = seeded.secret;
  return {
    id: seeded.id,
    get secret() {
      return current;
    },
    rotateSecret: () => {
      former.push(current);
      current = `${randomBytes(4).toString('hex')}-sandbox-${randomBytes(12).toString('hex')}`;
      return current;
    },
    formerSecrets: () => former,
  };
};
