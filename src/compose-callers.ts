// Who is let in: the auth room, composed.
import { randomBytes } from 'node:crypto';
import { authenticateBearers, authenticateNobody, type Authenticate } from './auth/authenticate.ts';
import { createLazyServiceTokens } from './auth/lazy-service-tokens.ts';
import { createServiceTokens } from './auth/service-tokens.ts';
import { createTokenVerifier, type TokenVerifier } from './auth/token-verifier.ts';
import { areCallersAsked, type AuthChoice } from './callers-config.ts';
import { storeCheck } from './compose-operator.ts';
import type { UpstreamAccess } from './compose.ts';
import { ConfigError, type Config } from './config.ts';
import type { Check } from './http/health.ts';
import type { Caller } from './model/caller.ts';
import { toLocationId } from './model/ids.ts';
import type { Log } from './observe/log.ts';
import { describeError } from './observe/redact.ts';

/** Who may call. */
export interface ComposedCallers {
  readonly authenticate: Authenticate;
  /** Whether callers can be told apart. */
  readonly areCallersKnown: boolean;
  /** Lets the gateway's own commands ask it; of use to this process alone. */
  readonly ownToken: string;
  /** What may be away without taking the gateway along. */
  readonly checks: Readonly<Record<string, Check>>;
  readonly close: () => Promise<void>;
}

interface CallerSurroundings {
  readonly scopes: readonly string[];
  readonly log: Log;
  /** Once nobody else of this process brings the store up to date: two connections to one SQLite file would wait for each other. */
  readonly storeIsQuiet: Promise<void>;
}

/** Throws ConfigError for a key or a store that cannot be used. */
export const composeCallers = async (
  config: Config,
  access: UpstreamAccess,
  { scopes, log, storeIsQuiet }: CallerSurroundings,
): Promise<ComposedCallers> => {
  const ownToken = randomBytes(32).toString('base64url');
  const { auth } = config;
  if (!areCallersAsked(auth)) {
    const authenticate = authenticateNobody({ ...nobody(access), scopes });
    return { authenticate, areCallersKnown: false, ownToken, checks: {}, close: () => Promise.resolve() };
  }
  const accessTokens = await accessTokensOf(auth, access, log);
  const serviceTokens = createLazyServiceTokens(async () => {
    await storeIsQuiet;
    return openServiceTokens(config);
  });
  if (auth.kind === 'tokens') await serviceTokens.open(); // nobody could come in without them
  const caller: Caller = {
    subject: 'gateway',
    kind: 'SERVICE',
    key: 'gateway',
    scopes,
    locations: 'all',
    isOfCompany: true,
  };
  return {
    authenticate: authenticateBearers({ accessTokens, serviceTokens, own: { token: ownToken, caller } }),
    areCallersKnown: true,
    ownToken,
    checks: { serviceTokens: storeCheck(serviceTokens) },
    close: serviceTokens.close,
  };
};

// In sandbox mode every seeded location but one, so that there is one that may not be read; live all that the grant reaches.
const nobody = ({ sandbox }: UpstreamAccess) =>
  sandbox
    ? { subject: 'sandbox', locations: sandbox.readableLocationIds.flatMap((id) => toLocationId(id) ?? []) }
    : ({ subject: 'loopback', locations: 'all' } as const);

const accessTokensOf = async (auth: AuthChoice, { grant }: UpstreamAccess, log: Log): Promise<TokenVerifier | null> => {
  if (auth.kind !== 'jwt') return null;
  const companyId = 'companyId' in grant ? grant.companyId : null;
  try {
    return await createTokenVerifier(
      { ...auth, companyId },
      {
        onBad: (issuer, error) => log.warn(keysAreBad, { issuer, error: describeError(error, String) }), // the log redacts
        onGood: (issuer) => log.info('The keys of an issuer are read again.', { issuer }),
      },
    );
  } catch (error) {
    throw new ConfigError([`AUTH_PUBLIC_KEY: ${error instanceof Error ? error.message : 'cannot be read'}`]);
  }
};

const keysAreBad =
  'The keys of an issuer cannot be read; those that were read last count for up to a day. Check AUTH_JWKS_URL.';

// With access tokens the store is opened by the first service token that comes: most gateways never see one, and SQL takes 0.15 s.
const openServiceTokens = async ({ callerDatabase }: Config) => {
  const { openCallerDatabase } = await import('./compose-database.ts');
  const database = await openCallerDatabase(callerDatabase);
  return { tokens: createServiceTokens(database), close: database.close };
};
