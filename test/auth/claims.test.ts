import { describe, expect, test } from '@jest/globals';
import { toCaller, type ClaimOptions } from '../../src/auth/claims.ts';

const plain: ClaimOptions = { claims: { scope: 'scope', location: 'locationId', company: null }, companyId: null };
const company: ClaimOptions = { claims: { ...plain.claims, company: 'companyId' }, companyId: 'company1' };
const who = { iss: 'https://issuer.example', sub: 'anna' };

const callerOf = (claims: object, options = plain) => toCaller({ ...who, ...claims }, options);
const locationsOf = (claims: object, options = plain) => {
  const locations = callerOf(claims, options)?.locations;
  return locations === 'all' ? 'all' : [...(locations ?? [])];
};

describe('who', () => {
  test('is the subject: a person, and a service where the subject is the client', () => {
    expect(callerOf({})).toMatchObject({ subject: 'anna', kind: 'USER' });
    expect(callerOf({ client_id: 'app', azp: 'app' })).toMatchObject({ kind: 'USER' });
    expect(callerOf({ client_id: 'anna' })).toMatchObject({ subject: 'anna', kind: 'SERVICE' });
    expect(callerOf({ azp: 'anna' })).toMatchObject({ subject: 'anna', kind: 'SERVICE' });
    expect(callerOf({ client_id: ['anna'], azp: { anna: true } })).toMatchObject({ kind: 'USER' });
  });

  test.each([undefined, null, '', 7, ['anna'], 'x'.repeat(201)])('is nobody where sub is %p', (sub) => {
    expect(callerOf({ sub })).toBeNull();
  });

  test('has a key that is the same for all their tokens, and says neither who nor where', () => {
    const { key } = callerOf({ jti: '1' }) ?? {};
    // echo -n '["https://issuer.example","anna"]' | sha256sum
    expect(key).toBe('user:5312af538abe');
    expect(callerOf({ jti: '2', scope: 'other' })?.key).toBe(key);
    expect(callerOf({ azp: 'anna' })?.key).toBe('service:5312af538abe');
    expect(callerOf({ sub: 'bert' })?.key).not.toBe(key);
    expect(callerOf({ iss: 'https://other.example' })?.key).not.toBe(key);
  });
});

describe('scopes', () => {
  test.each([
    ['text', 'a b/c.readonly', ['a', 'b/c.readonly']],
    ['text with more spaces', '  a  b ', ['a', 'b']],
    ['a list', ['a', 'b'], ['a', 'b']],
    ['empty text', '', []],
    ['an empty list', [], []],
    ['a list that holds anything else', ['a', 7], []],
    ['a list of lists', [['a']], []],
    ['an object', { a: true }, []],
    ['a number', 7, []],
    ['true', true, []],
    ['null', null, []],
  ])('%s', (_name, scope, expected) => {
    expect(callerOf({ scope })?.scopes).toEqual(expected);
  });

  test('are none where there is no claim, and are never what objects have by themselves', () => {
    expect(callerOf({})?.scopes).toEqual([]);
    for (const scope of ['constructor', '__proto__', 'toString'])
      expect(callerOf({}, { ...plain, claims: { ...plain.claims, scope } })?.scopes).toEqual([]);
    const inherited = Object.setPrototypeOf(
      { ...who },
      { scope: 'a', locationId: 'one', companyId: 'company1' },
    ) as typeof who;
    for (const options of [plain, company])
      expect(toCaller(inherited, options)).toMatchObject({ scopes: [], locations: new Set() });
  });

  test('are in the claim that the setting names, letter by letter', () => {
    const named = { ...plain, claims: { ...plain.claims, scope: 'https://x.example/scp' } };
    expect(callerOf({ 'https://x.example/scp': ['a'], scope: 'b' }, named)?.scopes).toEqual(['a']);
    expect(callerOf({ https: { scp: 'a' }, Scope: 'b' })?.scopes).toEqual([]);
  });
});

describe('locations', () => {
  test.each([
    ['an id', 'one', ['one']],
    ['ids', ['one', 'two', 'one'], ['one', 'two']],
    ['ids among others', ['one', '../two', 7, null, '', ['three'], 'x'.repeat(65)], ['one']],
    ['ids separated by spaces', 'one two', []],
    ['a path', '../oauth/token', []],
    ['all', 'all', ['all']],
    ['a star', '*', []],
    ['an object', { one: true }, []],
    ['null', null, []],
  ])('%s', (_name, locationId, expected) => {
    expect(locationsOf({ locationId })).toEqual(expected);
  });

  test('at most 10,000 are looked at', () => {
    const locationId = Array.from({ length: 10_001 }, (_, index) => `l${index}`);
    expect(locationsOf({ locationId })).toHaveLength(10_000);
  });

  test('are none where there is no claim', () => {
    expect(locationsOf({})).toEqual([]);
    expect(callerOf({})?.isOfCompany).toBe(false);
  });
});

describe('a company', () => {
  test('stands for all of its locations where the token names none', () => {
    expect(callerOf({ companyId: 'company1' }, company)).toMatchObject({ locations: 'all', isOfCompany: true });
  });

  test.each([
    ['another', { companyId: 'company2' }],
    ['a list', { companyId: ['company1'] }],
    ['in other letters', { companyId: 'Company1' }],
    ['null', { companyId: null }],
    ['absent', {}],
    ['with an empty list of locations', { companyId: 'company1', locationId: [] }],
    ['with an empty location', { companyId: 'company1', locationId: '' }],
    ['with a malformed location', { companyId: 'company1', locationId: '*' }],
    ['with a location of null', { companyId: 'company1', locationId: null }],
  ])('does not: %s', (_name, claims) => {
    expect(callerOf(claims, company)).toMatchObject({ locations: new Set(), isOfCompany: false });
  });

  test('does not widen what a location claim allows', () => {
    expect(locationsOf({ companyId: 'company1', locationId: 'one' }, company)).toEqual(['one']);
  });

  test('does not where no claim is configured, or the company of the gateway is not known', () => {
    expect(locationsOf({ companyId: 'company1' }, { ...company, claims: plain.claims })).toEqual([]);
    expect(locationsOf({ companyId: null }, { ...company, companyId: null })).toEqual([]);
    expect(locationsOf({}, { ...company, companyId: null })).toEqual([]);
  });
});
