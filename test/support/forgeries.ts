// Tokens that are forged, borrowed, stale or malformed. Each differs from a good one in what its name says.
import { createHmac } from 'node:crypto';
import {
  audience,
  claimsOf,
  compact,
  createKey,
  headerOf,
  now,
  part,
  signatureOf,
  type Members,
  type TestIssuer,
} from './issuer.ts';

/** Who plays. `issuer` and `neighbour` are configured, and trusted each for its own; `stranger` is not. All sign with ES256. */
export interface Cast {
  readonly issuer: TestIssuer;
  readonly neighbour: TestIssuer;
  readonly stranger: TestIssuer;
}

/** Name and token. */
export type Forgery = readonly [name: string, token: string];

/** All of them. Some parts are so new or so near to expiry that they are of use for a minute only. */
export const forge = (cast: Cast): readonly Forgery[] => [
  ...unsigned(cast),
  ...symmetric(cast),
  ...confused(cast),
  ...unknownKeys(cast),
  ...keysByReference(cast),
  ...extensions(cast),
  ...stale(cast),
  ...borrowed(cast),
  ...otherTypes(cast),
  ...nobodys(cast),
  ...patched(cast),
  ...malformed(cast),
];

const shown = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value).slice(0, 60));

/** One row for each value of one claim, well signed. */
const claimRows = ({ issuer }: Cast, name: string, values: readonly unknown[]): readonly Forgery[] =>
  values.map((value) => [`${name}: ${shown(value)}`, issuer.token({ [name]: value })]);

/** The same for a number that JSON.stringify would not write. */
const rawClaim = ({ issuer }: Cast, name: string, text: string): Forgery => {
  const claims = JSON.stringify({ ...claimsOf(issuer.issuer), [name]: undefined });
  const payload = `${claims.slice(0, -1)},${JSON.stringify(name)}:${text}}`;
  return [`${name}: ${text}`, compact(issuer.key, headerOf(issuer.key), payload)];
};

const headerRows = ({ issuer }: Cast, name: string, values: readonly unknown[]): readonly Forgery[] =>
  values.map((value) => [`${name}: ${shown(value)}`, issuer.token({}, { [name]: value })]);

const unsigned = ({ issuer }: Cast): readonly Forgery[] =>
  ['none', 'None', 'NONE', 'nOnE', 'none ', '', null, undefined, 0, ['none'], ['ES256']].flatMap((alg) => {
    const input = `${part({ ...headerOf(issuer.key), alg })}.${part(claimsOf(issuer.issuer))}`;
    return [
      [`alg ${shown(alg)} without a signature`, `${input}.`],
      [`alg ${shown(alg)} with any signature`, `${input}.AAAA`],
    ] as const;
  });

// RFC 8725 §2.1: the public key, which everybody has, as the secret of a symmetric signature.
const symmetric = ({ issuer }: Cast): readonly Forgery[] => {
  const { publicKey, jwk } = issuer.key;
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const secrets = {
    PEM: pem,
    'PEM without its last line break': pem.trimEnd(),
    DER: publicKey.export({ type: 'spki', format: 'der' }),
    JWK: JSON.stringify(jwk),
    'key set': JSON.stringify({ keys: [jwk] }),
    'empty text': '',
  };
  return Object.entries(secrets).flatMap(([name, secret]) =>
    ([256, 384, 512] as const).map((size): Forgery => {
      const input = `${part({ ...headerOf(issuer.key), alg: `HS${size}` })}.${part(claimsOf(issuer.issuer))}`;
      const mac = createHmac(`sha${size}`, secret).update(input).digest('base64url');
      return [`HS${size} with the public key as ${name}`, `${input}.${mac}`];
    }),
  );
};

const confused = (cast: Cast): readonly Forgery[] => {
  const { issuer } = cast;
  const own = (alg: 'RS256' | 'PS256' | 'ES384' | 'EdDSA' | 'ES256'): Forgery => {
    const key = createKey(alg, issuer.key.kid);
    return [`${alg} by another key of the same name`, compact(key, headerOf(key), claimsOf(issuer.issuer))];
  };
  const lies = ['RS256', 'PS256', 'ES384', 'ES512', 'ES256K', 'EdDSA', 'es256', 'ES256 ', 'HS256', 'dir', '__proto__'];
  return [...(['ES256', 'RS256', 'PS256', 'ES384', 'EdDSA'] as const).map(own), ...headerRows(cast, 'alg', lies)];
};

const unknownKeys = ({ issuer, stranger }: Cast): readonly Forgery[] => {
  const kids = [
    stranger.key.kid,
    undefined,
    '',
    null,
    0,
    [issuer.key.kid],
    { kid: issuer.key.kid },
    `${issuer.key.kid} `,
    '../../../dev/null',
    '/etc/passwd',
    'file:///dev/null',
    stranger.jwksUrl,
    `x\r\nhost: ${stranger.issuer}`,
    "' UNION SELECT 'key' --",
    '| curl example.org',
    '__proto__',
    'constructor',
    '*',
    'k'.repeat(2_000),
  ];
  return kids.map((kid) => [
    `kid ${shown(kid)}, by a key of a stranger`,
    compact(stranger.key, { ...headerOf(stranger.key), kid }, claimsOf(issuer.issuer)),
  ]);
};

const keysByReference = ({ issuer, stranger }: Cast): readonly Forgery[] => {
  const der = stranger.key.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const references: Members = {
    jku: stranger.jwksUrl,
    x5u: `${stranger.issuer}/certificate.pem`,
    jwk: stranger.key.jwk,
    x5c: [der],
    jwks: { keys: [stranger.key.jwk] },
  };
  return Object.entries(references).flatMap(([name, value]) =>
    [issuer.key.kid, stranger.key.kid, undefined].map((kid): Forgery => {
      const header = { ...headerOf(stranger.key), kid, [name]: value };
      return [`${name} of a stranger, kid ${shown(kid)}`, compact(stranger.key, header, claimsOf(issuer.issuer))];
    }),
  );
};

const extensions = (cast: Cast): readonly Forgery[] => {
  const { issuer } = cast;
  const unencoded = (header: Members): string => {
    const start = `${part({ ...headerOf(issuer.key), ...header, b64: false })}.`;
    const claims = part(claimsOf(issuer.issuer)); // signed as it stands, where b64 is believed
    return `${start}${claims}.${signatureOf(issuer.key, `${start}${claims}`).toString('base64url')}`;
  };
  return [
    ...headerRows(cast, 'crit', [[], ['exp'], ['alg'], ['__proto__'], 'exp', null, {}, [['exp']]]),
    ['crit b64, true', issuer.token({}, { crit: ['b64'], b64: true })],
    ['crit b64, false', unencoded({ crit: ['b64'] })],
    ['b64 false without crit', unencoded({})],
    ['crit of an unknown word that is there', issuer.token({}, { crit: ['ext'], ext: true })],
  ];
};

const stale = (cast: Cast): readonly Forgery[] => {
  const at = now();
  return [
    ...claimRows(cast, 'exp', [at - 3_600, at - 90, 0, -1, undefined, null, true, `${at + 300}`, 'NaN', '', [at], {}]),
    ...claimRows(cast, 'exp', [at + 86_500, 1e300, at * 1_000]),
    ...['1e999', '-1e999'].map((text) => rawClaim(cast, 'exp', text)),
    ...claimRows(cast, 'iat', [at + 90, at + 86_400, undefined, null, false, `${at}`, [at], at - 90_000, -1e18, 0]),
    ...['1e999', '-1e999'].map((text) => rawClaim(cast, 'iat', text)),
    ...claimRows(cast, 'nbf', [at + 90, at + 86_400, null, `${at}`, [at], {}]),
    ...['1e999', '-1e999'].map((text) => rawClaim(cast, 'nbf', text)),
  ];
};

const borrowed = (cast: Cast): readonly Forgery[] => {
  const { issuer, neighbour, stranger } = cast;
  const { issuer: iss, key } = issuer;
  return [
    ...claimRows(cast, 'iss', [undefined, null, '', 0, [iss], { iss }, `${iss}/`, `${iss} `, iss.toUpperCase()]),
    ...claimRows(cast, 'iss', [neighbour.issuer, stranger.issuer, iss.replace('127.0.0.1', 'localhost'), '__proto__']),
    ['all right, by an issuer that nobody configured', stranger.token()],
    ['ours, by the key of the neighbour', compact(neighbour.key, headerOf(neighbour.key), claimsOf(iss))],
    ["the neighbour's, by our key", compact(key, headerOf(key), claimsOf(neighbour.issuer))],
    [
      'ours, by the key of the neighbour under the name of ours',
      compact(neighbour.key, { ...headerOf(neighbour.key), kid: key.kid }, claimsOf(iss)),
    ],
    ...claimRows(cast, 'aud', [undefined, null, '', [], 0, {}, ['front-end'], 'front-end', [[audience]]]),
    ...claimRows(cast, 'aud', [audience.slice(0, -1), `${audience}/`, audience.toUpperCase(), { 0: audience }]),
    ...claimRows(cast, 'aud', [`${audience} front-end`, [`${audience}.evil.example`, audience.slice(8)]]),
  ];
};

const otherTypes = (cast: Cast): readonly Forgery[] => {
  const words = ['JWT', 'jwt', 'application/jwt', 'logout+jwt', 'dpop+jwt', 'secevent+jwt', 'id_token', 'at-jwt'];
  const near = ['at+jwt ', 'x/at+jwt', 'at+jwt;v=1', '', undefined, null, ['at+jwt'], 0];
  const idToken = cast.issuer.token({ aud: 'front-end', nonce: 'n', client_id: undefined }, { typ: 'JWT' });
  return [...headerRows(cast, 'typ', [...words, ...near]), ['an ID token', idToken]];
};

const nobodys = (cast: Cast): readonly Forgery[] =>
  claimRows(cast, 'sub', [undefined, null, '', 7, true, ['anna'], { id: 'anna' }, 'x'.repeat(201)]);

const patched = ({ issuer }: Cast): readonly Forgery[] => {
  const [header = '', payload = '', signature = ''] = issuer.token().split('.');
  const other = issuer.token({ sub: 'bert' }).split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const flipped = Buffer.from(bytes);
  flipped[10] = (flipped[10] ?? 0) ^ 1;
  const der = (half: Buffer) => Buffer.concat([Buffer.from([2, 33, 0]), half]);
  const body = Buffer.concat([der(bytes.subarray(0, 32)), der(bytes.subarray(32))]);
  const signatures = {
    'cut in half': bytes.subarray(0, 32),
    'one byte short': bytes.subarray(0, 63),
    'one bit changed': flipped,
    'all zero': Buffer.alloc(64), // CVE-2022-21449
    'all ones': Buffer.alloc(64, 255),
    'as DER': Buffer.concat([Buffer.from([48, body.length]), body]),
    twice: Buffer.concat([bytes, bytes]),
    'of another token': Buffer.from(other[2] ?? '', 'base64url'),
  };
  const more = part({ ...claimsOf(issuer.issuer), locationId: 'another', scope: 'everything' });
  return [
    ...Object.entries(signatures).map(([name, value]): Forgery => [
      `signature ${name}`,
      `${header}.${payload}.${part(value)}`,
    ]),
    ['signature stripped', `${header}.${payload}.`],
    ['signature and its dot stripped', `${header}.${payload}`],
    ['claims of another token', `${header}.${other[1]}.${signature}`],
    ['more claims', `${header}.${more}.${signature}`],
    ['header changed', `${part({ ...headerOf(issuer.key), x: 1 })}.${payload}.${signature}`],
    ['claims as header, header as claims', `${payload}.${header}.${signature}`],
  ];
};

const malformed = ({ issuer }: Cast): readonly Forgery[] => {
  const good = issuer.token();
  const [header = '', payload = '', signature = ''] = good.split('.');
  const { key } = issuer;
  const claims = JSON.stringify(claimsOf(issuer.issuer)).slice(0, -1);
  const members = JSON.stringify(headerOf(key)).slice(0, -1);
  const signed = (claimsText: string, headerText: string | Members = headerOf(key)) =>
    compact(key, headerText, claimsText);
  const jwe = part({ alg: 'RSA-OAEP', enc: 'A256GCM', typ: 'at+jwt', kid: key.kid });
  return [
    ...['', '.', '..', '...', '....', 'a.b.c', 'null', 'e30.e30.e30', 'undefined.undefined.undefined'].map(
      (text): Forgery => [`text ${shown(text)}`, text],
    ),
    ...[`${good}.`, `${good}..`, `.${good}`, `${good}.AA.AA`, `${good}=`, `${good}\n`, ` ${good}`, `${good}\0`].map(
      (text): Forgery => [`a good one with ${shown(text.replace(good, '…'))}`, text],
    ),
    ['two good ones', `${good} ${good}`],
    ['a blank within the signature', `${header}.${payload}.${signature.slice(0, 9)} ${signature.slice(9)}`],
    ['base64 of the other alphabet', `${header}.${payload}.+/${signature.slice(2)}`],
    ['letters beyond ASCII', `${header}.${payload}é.${signature}`],
    ['a wide dot', `${header}．${payload}．${signature}`],
    ['percent encoding', encodeURIComponent(good).replaceAll('.', '%2E')],
    ['JSON serialization', JSON.stringify({ protected: header, payload, signature })],
    ['JWE', `${jwe}.${payload}.${signature.slice(0, 16)}.${payload}.${signature.slice(0, 22)}`],
    ['a good one within another', signed(good, { ...headerOf(key), cty: 'JWT' })],
    ['a header that is no JSON', signed(`${claims}}`, 'alg=ES256')],
    ['a header that is a list', signed(`${claims}}`, '[{"alg":"ES256"}]')],
    ['claims that are no JSON', signed(claims)],
    ['claims that are a list', signed(`[${claims}}]`)],
    ['claims that are a text', signed(JSON.stringify(claims))],
    ['claims that are null', signed('null')],
    ['claims with bytes that are no UTF-8', compact(key, headerOf(key), part(Buffer.from([123, 255, 254, 125])))],
    ['alg twice', signed(`${claims}}`, `${members},"alg":"none"}`)],
    ['typ twice', signed(`${claims}}`, `${members},"typ":"JWT"}`)],
    ['iss twice', signed(`${claims},"iss":"https://other.example"}`)],
    ['aud twice', signed(`${claims},"aud":"front-end"}`)],
    ['exp twice', signed(`${claims},"exp":1}`)],
    ['sub twice', signed(`${claims},"sub":7}`)],
    ['claims in the prototype', signed(`{"__proto__":${claims}}}`)],
    [
      'claims that nest deeply',
      `${header}.${part(`${claims},"x":${'['.repeat(2_000)}${']'.repeat(2_000)}}`)}.${signature}`,
    ],
    ['more than 8 KB, well signed', signed(`${claims},"x":"${'x'.repeat(8_192)}"}`)],
    ['1 MB', `${header}.${'A'.repeat(1_048_576)}.${signature}`],
    ['1 MB of dots', '.'.repeat(1_048_576)],
  ];
};
