import { createRemoteJWKSet, customFetch, type FetchImplementation, type JWTVerifyGetKey } from 'jose';
import { Agent, request } from 'undici';
import { asError, GatewayError } from '../model/errors.ts';
import { parseKeySet } from './key-set.ts';

/** What an operator hears about the keys of an issuer: once when they cannot be read any more, once when they can again. */
interface KeyNews {
  readonly onBad: (error: Error) => void;
  readonly onGood: () => void;
}

const fetchMs = 2_000;
const maxBytes = 256 * 1_024;
// Between one failure and the next try: else every request would wait for it.
const restMs = 5_000;
const keptMs = 86_400_000;

/** The keys that an issuer publishes. They are read again after 10 minutes, and for a key that is not among them at most every 30 s: an
 * unknown `kid` costs nothing, a new key works soon. While they cannot be read, those that were read last are used for a day (jose alone
 * would refuse everybody). Throws AUTH_UNAVAILABLE where there are none. */
export const createRemoteKeys = (url: string, news: KeyNews): JWTVerifyGetKey => {
  const source = createSource(url, news);
  const keys = createRemoteJWKSet(new URL(url), {
    cooldownDuration: 30_000,
    cacheMaxAge: 600_000,
    timeoutDuration: fetchMs,
    [customFetch]: source.fetch,
  });
  return (header, token) => {
    // jose takes what was kept for fresh, and would believe it for another 10 minutes. Nobody waits for this.
    if (source.isDue()) keys.reload().catch(() => undefined);
    return keys(header, token);
  };
};

interface Source {
  readonly fetch: FetchImplementation;
  /** Whether it failed, and has been left alone for long enough. */
  readonly isDue: () => boolean;
}

const createSource = (url: string, { onBad, onGood }: KeyNews): Source => {
  const dispatcher = new Agent({ pipelining: 0, maxResponseSize: maxBytes }); // 0: no connection stays open for 10 minutes
  let last: { readonly text: string; readonly readAt: number } | null = null;
  let failure: { readonly error: Error; readonly restUntil: number } | null = null;
  const readAgain = async (signal: AbortSignal): Promise<void> => {
    try {
      last = { text: await readText(url, dispatcher, signal), readAt: Date.now() };
      if (failure) onGood();
      failure = null;
    } catch (thrown) {
      const error = asError(thrown);
      if (!failure) onBad(error);
      failure = { error, restUntil: Date.now() + restMs };
    }
  };
  return {
    isDue: () => failure !== null && Date.now() >= failure.restUntil,
    fetch: async (_url, { signal }) => {
      if (!failure || Date.now() >= failure.restUntil) await readAgain(signal);
      if (last && (!failure || Date.now() < last.readAt + keptMs)) return new Response(last.text);
      throw new GatewayError('AUTH_UNAVAILABLE', { cause: failure?.error });
    },
  };
};

// No redirect is followed: it would let whoever can answer once choose the keys. Plain bytes, so that the limit is that of what is read.
const readText = async (url: string, dispatcher: Agent, signal: AbortSignal): Promise<string> => {
  const { statusCode, body } = await request(url, {
    dispatcher,
    signal,
    headers: {
      accept: 'application/jwk-set+json, application/json',
      'accept-encoding': 'identity',
      'user-agent': 'users-gateway',
    },
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`the key set was answered with ${statusCode}`);
  if (parseKeySet(text) === null) throw new Error('what was answered is not a JWK Set');
  return text;
};
