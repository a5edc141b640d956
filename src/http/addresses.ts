import type { AddressInfo } from 'node:net';

/** The address at which a listening server is reached from this machine. */
export const urlOf = ({ address, family, port }: AddressInfo): string => {
  const host = address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${host}:${port}`;
};

/** What there is beside the endpoint. */
interface Places {
  readonly isProduction: boolean;
  /** Whether the schema can be read. */
  readonly hasSchema: boolean;
  /** Null with a live upstream. */
  readonly controlUrl: string | null;
  /** Null where nobody has to consent. */
  readonly installUrl: string | null;
}

/** Label and address of what there is to open. */
export const linksFor = (
  url: string,
  { isProduction, hasSchema, controlUrl, installUrl }: Places,
): (readonly [string, string])[] => [
  ['GraphQL', `${url}/graphql`],
  ...(installUrl === null ? [] : [['Connect', installUrl] as const]),
  ...(isProduction ? [] : [['Apollo Sandbox', `${url}/sandbox`] as const]),
  ...(hasSchema ? [['Schema', `${url}/schema.graphql`] as const] : []),
  ['Ready', `${url}/readyz`],
  ...(controlUrl === null ? [] : [['Users API', controlUrl] as const]),
];

/** A command that answers tags and statistics of a location when pasted into a shell; where callers must say who they are, into one that
 * has their token as TOKEN. */
export const curlFor = (url: string, locationId: string, needsToken: boolean): string => {
  const query = `{ location(id: "${locationId}") { tags(first: 3) { nodes { name } } statistics { likes { total } posts { total changePercent } } } }`;
  const token = needsToken ? ` -H "authorization: Bearer $TOKEN"` : '';
  return `curl -s ${url}/graphql${token} -H 'content-type: application/json' -d '${JSON.stringify({ query })}'`;
};
