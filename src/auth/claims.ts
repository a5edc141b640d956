import { hash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { Caller } from '../model/caller.ts';
import { toLocationId } from '../model/ids.ts';

/** Which claims say what a caller may see. */
export interface ClaimOptions {
  /** Names of claims of the token itself, never paths into them: names such as `https://example.com/scope` hold dots and slashes. */
  readonly claims: { readonly scope: string; readonly location: string; readonly company: string | null };
  readonly companyId: string | null;
}

const mostLocations = 10_000;

/** Claims that were verified → who is calling. Null where `sub` is no text of 1 to 200 characters. */
export const toCaller = (payload: JWTPayload, { claims, companyId }: ClaimOptions): Caller | null => {
  const { iss, sub } = payload;
  if (typeof sub !== 'string' || sub.length < 1 || sub.length > 200) return null;
  // RFC 9068 §2.2: where no person takes part, `sub` is the client. `azp` is its older name.
  const kind = [payload['client_id'], payload['azp']].includes(sub) ? 'SERVICE' : 'USER';
  const isOfCompany = isWholeCompany(payload, { claims, companyId });
  return {
    subject: sub,
    kind,
    key: `${kind.toLowerCase()}:${pseudonymOf([iss, sub])}`,
    scopes: scopesOf(own(payload, claims.scope)),
    locations: isOfCompany ? 'all' : locationsOf(own(payload, claims.location)),
    isOfCompany,
  };
};

// A pseudonym, not anonymity: whoever knows the subject can make the same one and find the lines. `sub` is unique within its issuer only
// (RFC 7519 §4.1.2).
const pseudonymOf = (names: readonly unknown[]): string => hash('sha256', JSON.stringify(names)).slice(0, 12);

// A claim is what the issuer wrote, never what objects have by themselves, whatever name the setting gives.
const own = (payload: JWTPayload, name: string): unknown => (Object.hasOwn(payload, name) ? payload[name] : undefined);

// RFC 8693 §4.2: one text, parted by spaces; several issuers write a list (`scp`, `permissions`).
const scopesOf = (claim: unknown): readonly string[] => {
  if (typeof claim === 'string') return claim.split(' ').filter((scope) => scope !== '');
  return isTexts(claim) ? claim : [];
};

const isTexts = (claim: unknown): claim is readonly string[] =>
  Array.isArray(claim) && claim.every((item) => typeof item === 'string');

// Only silence about locations means all of the company's: a claim that is there and says nothing readable is a mistake, not a permission.
const isWholeCompany = (payload: JWTPayload, { claims, companyId }: ClaimOptions): boolean =>
  claims.company !== null &&
  companyId !== null &&
  !Object.hasOwn(payload, claims.location) &&
  own(payload, claims.company) === companyId;

const locationsOf = (claim: unknown): Caller['locations'] => {
  const items: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  const ids = items.slice(0, mostLocations).map((item) => (typeof item === 'string' ? toLocationId(item) : null));
  return new Set(ids.filter((id) => id !== null));
};
