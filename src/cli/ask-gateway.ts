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

/** Asks a gateway as any client does. Rejects only where it does not answer at all. */
export const askGateway = async (
  url: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<GraphAnswer> => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data = null, errors = [] } = (await response.json()) as RawAnswer; // our own gateway's
  return { data, errors: errors.map(({ message, extensions }) => ({ message, code: extensions?.code ?? 'UNKNOWN' })) };
};
