import type { Gateway } from '../compose.ts';
import { errorTable } from '../model/errors.ts';

/** What a gateway answered. */
export interface GraphAnswer {
  /** Shaped as the question was. */
  readonly data: unknown;
  readonly errors: readonly GraphProblem[];
}

/** An error of an answer. */
export interface GraphProblem {
  readonly code: string;
  readonly message: string;
}

interface RawAnswer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

/** Where to ask, and the access token that the gateway gives its own commands. */
export type Askable = Pick<Gateway, 'url' | 'ownToken'>;

/** Asks a gateway as other clients do. Rejects where it does not answer in JSON; errors of GraphQL are part of the answer. */
export const askGateway = async (
  { url, ownToken }: Askable,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<GraphAnswer> => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ownToken}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data = null, errors = [] } = (await response.json()) as RawAnswer; // our own gateway's
  return { data, errors: errors.map(({ message, extensions }) => ({ message, code: extensions?.code ?? 'UNKNOWN' })) };
};

/** What can be done about a code, as people read it in a terminal; empty for codes that are not the gateway's own. */
export const remedyOf = (code: string): string =>
  (Object.entries(errorTable).find(([name]) => name === code)?.[1].remedy ?? '').replaceAll('`', '');
