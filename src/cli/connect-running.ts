import { installTickets } from '../compose-stored-grants.ts';
import type { Config } from '../config.ts';
import type { Environment } from '../setting.ts';
import { createSeal } from '../tokens/seal.ts';
import { StartError } from './command.ts';
import { keyIdsOf } from './new-key.ts';

/** A gateway that answers where this one would. */
export interface RunningGateway {
  readonly url: string;
  readonly mode: string;
}

const patienceMs = 1_000;

/** Null where nobody answers on PORT, or somebody else does. */
export const runningGateway = async ({ host, port }: Config): Promise<RunningGateway | null> => {
  if (port === 0) return null;
  const url = `http://${host.includes(':') ? `[${host.replace(/[[\]]/g, '')}]` : host}:${port}`;
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(patienceMs) });
    const { mode } = (await response.json()) as { mode?: string }; // or somebody else's JSON
    return mode === undefined ? null : { url, mode };
  } catch {
    return null;
  }
};

/** Two on one port cannot be, and the one that runs can take the consent: gives its link where one is wanted. Throws a StartError that says
 * what to do where not. */
export const joinRunning = (
  { url, mode }: RunningGateway,
  { publicUrl, tokenKeys }: Config,
  { isLinkWanted, env }: { readonly isLinkWanted: boolean; readonly env: Environment },
): 0 => {
  const found = `A gateway (${mode}) already answers at ${url}`;
  if (mode !== 'live') throw new StartError(`${found}, with invented data: stop it, or set PORT to another port.`, 1);
  if (!isLinkWanted || tokenKeys === null || keyIdsOf(env).length === 0) {
    throw new StartError(
      `${found}: "npm run connect -- --print" with its settings gives a link to connect there; or stop it.`,
      1,
    );
  }
  const link = installLink(publicUrl ?? url, installTickets(createSeal(tokenKeys)).issue());
  console.log(
    `${found}. Open this in any browser within an hour; it is good where the same TOKEN_KEYS are set:\n\n${link}`,
  );
  return 0;
};

/** Where a browser begins an install. */
export const installLink = (origin: string, ticket: string | undefined): string =>
  `${origin}/oauth/install${ticket === undefined ? '' : `?ticket=${ticket}`}`;
