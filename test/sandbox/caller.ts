import { z } from 'zod';
import type { Sandbox } from '../../src/sandbox/server.ts';

/** An answer of the sandbox, its body parsed when it is JSON. */
export interface Heard {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** How a test asks: `token` null sends none, `version` null sends none. */
export interface Asking {
  readonly token?: string | null;
  readonly version?: string | null;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

const TokenAnswer = z.looseObject({ access_token: z.string(), refresh_token: z.string().optional() });

/** Asks a sandbox over real HTTP, as a client of the vendor would. */
export const createCaller = (sandbox: Sandbox) => {
  const ask = async (path: string, asking: Asking = {}): Promise<Heard> => {
    const { token = null, version = 'v3', json, form, headers = {} } = asking;
    const hasBody = json !== undefined || form !== undefined;
    const response = await fetch(`${sandbox.url}${path}`, {
      method: asking.method ?? (hasBody ? 'POST' : 'GET'),
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(version === null ? {} : { version }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    const body: unknown = isJson ? JSON.parse(text) : text;
    return { status: response.status, headers: response.headers, body };
  };

  const grant = (fields: Readonly<Record<string, string>>): Promise<Heard> =>
    ask('/oauth/token', {
      version: null,
      form: { client_id: sandbox.client.id, client_secret: sandbox.client.secret, ...fields },
    });

  const tokenOf = async (fields: Readonly<Record<string, string>>): Promise<string> =>
    TokenAnswer.parse((await grant({ grant_type: 'client_credentials', ...fields })).body).access_token;

  return {
    ask,
    grant,
    locationToken: (locationId: string) => tokenOf({ user_type: 'Location', locationId }),
    agencyToken: () => tokenOf({ user_type: 'Company' }),
  };
};
