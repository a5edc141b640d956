import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { toLocationId, type LocationId } from '../model/ids.ts';
import { placeOf, type GrantSpace } from './stored-grant.ts';

/** A consent that was begun. */
interface BegunConsent {
  /** Goes to the consent page and comes back. */
  readonly state: string;
  /** Stays with the browser: whoever comes back without it did not begin here. */
  readonly browserSecret: string;
}

/** What a consent was begun with. */
export interface ConsentTerms {
  /** Null where PKCE is not used. */
  readonly codeVerifier: string | null;
  /** The location that is to be connected; null for whichever the person chooses. */
  readonly locationId: LocationId | null;
  /** Who began it. */
  readonly by: string;
}

/** Consents under way, in the store: the callback may come to another replica. */
export interface Consents {
  /** `browserSecret`: what the browser has from a consent before, which may still be under way in another tab; null for a new one. */
  readonly begin: (terms: ConsentTerms, browserSecret: string | null) => Promise<BegunConsent>;
  /** The terms, once: the state is gone afterwards, whoever asked. Null for an unknown, old or used state and for another browser. */
  readonly finish: (state: string, browserSecret: string | null) => Promise<ConsentTerms | null>;
}

/** Milliseconds that a person may take to consent. */
export const consentMs = 600_000;

/** Over a migrated database. Only digests are stored: who reads the store cannot finish somebody's consent. */
export const createConsents = (space: GrantSpace): Consents => {
  const { app, database, seal } = space;
  const { run } = database;
  return {
    begin: async ({ codeVerifier, locationId, by }, held) => {
      const [state, browserSecret] = [random(), held ?? random()];
      const stateDigest = digest(state);
      const row = {
        app,
        state_digest: stateDigest,
        browser_digest: digest(browserSecret),
        sealed_verifier: codeVerifier === null ? null : seal.seal(codeVerifier, placeOf(space, stateDigest)),
        location_id: locationId,
        begun_by: by,
        expires_at: Date.now() + consentMs,
      };
      await run((db) =>
        db.deleteFrom('gateway_consents').where('app', '=', app).where('expires_at', '<', Date.now()).execute(),
      );
      await run((db) => db.insertInto('gateway_consents').values(row).execute());
      return { state, browserSecret };
    },
    finish: async (state, browserSecret) => {
      const stateDigest = digest(state);
      const row = await run((db) =>
        db
          .deleteFrom('gateway_consents')
          .where('app', '=', app)
          .where('state_digest', '=', stateDigest)
          .returningAll()
          .executeTakeFirst(),
      );
      if (!row || row.expires_at < Date.now()) return null;
      if (browserSecret === null || !isSame(row.browser_digest, digest(browserSecret))) return null;
      const verifier = row.sealed_verifier;
      return {
        codeVerifier: verifier === null ? null : seal.open(verifier, placeOf(space, stateDigest)),
        locationId: row.location_id === null ? null : toLocationId(row.location_id),
        by: row.begun_by,
      };
    },
  };
};

const random = (): string => randomBytes(32).toString('base64url');
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const isSame = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a), Buffer.from(b));
