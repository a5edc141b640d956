import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { consentMs } from '../tokens/consents.ts';
import { InstallError, type Installed, type InstallProblem, type Installs } from '../tokens/install.ts';
import { toLocationId } from '../model/ids.ts';
import { escapeHtml, page, pagePolicy } from './html.ts';
import { hostNameOf } from './loopback.ts';

/** What the install pages work with. */
export interface OAuthOptions {
  readonly installs: Installs;
  /** Where browsers reach the gateway: an origin. */
  readonly publicUrl: () => string;
  /** Who may begin an install; null for nobody who sends such a request. The answer goes into the access log. */
  readonly administrator: (request: {
    /** As the `Host` header has it, without the port. */
    readonly host: string;
    /** Whose socket it came from, or whom trusted proxies name. */
    readonly address: string | undefined;
    readonly ticket: string | null;
  }) => string | null;
}

/** A browser secret lives as long as a consent may take. */
const cookieSeconds = consentMs / 1_000;
const cookieName = 'gateway_install';

/** GET /oauth/install: sends an administrator's browser to upstream's consent page. GET /oauth/callback: where it comes back. Nothing that
 * came in a request is ever shown on a page. */
export const oauthRoutes =
  ({ installs, publicUrl, administrator }: OAuthOptions) =>
  (app: FastifyInstance): void => {
    const helmet = { contentSecurityPolicy: pagePolicy, referrerPolicy: { policy: 'no-referrer' as const } };

    app.get('/oauth/install', { helmet }, async (request, reply) => {
      const query = new URLSearchParams(searchOf(request));
      const by = administrator({
        host: hostNameOf(request.headers.host),
        address: request.ip,
        ticket: query.get('ticket'),
      });
      if (by === null) {
        installs.refuse(query.has('ticket') ? 'bad ticket' : 'no ticket');
        return showProblem(reply, 'not-administrator');
      }
      const home = new URL(publicUrl());
      // The cookie must be where the browser comes back to: localhost is another site than 127.0.0.1.
      if (request.headers.host !== home.host && request.headers.host !== undefined)
        return reply
          .header('cache-control', 'no-store')
          .redirect(`${home.origin}/oauth/install${searchOf(request)}`, 302);
      const wanted = query.get('location');
      const locationId = wanted === null ? null : toLocationId(wanted);
      if (wanted !== null && locationId === null) return showProblem(reply, 'bad-location');
      return answering(reply, async () => {
        const { url, browserSecret } = await installs.begin({
          locationId,
          by,
          browserSecret: browserSecretOf(request),
        });
        return reply
          .header('cache-control', 'no-store')
          .header('set-cookie', cookie(browserSecret, publicUrl()))
          .redirect(url.href, 302);
      });
    });

    app.get('/oauth/callback', { helmet }, (request, reply) =>
      answering(reply, async () => {
        const secret = browserSecretOf(request);
        const done = await installs.finish({ search: searchOf(request), browserSecret: secret });
        return show(reply, 200, 'Connected', connected(done));
      }),
    );
  };

const answering = async (reply: FastifyReply, work: () => Promise<FastifyReply>): Promise<FastifyReply> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InstallError) return showProblem(reply, error.code);
    throw error;
  }
};

const searchOf = ({ raw }: FastifyRequest): string => {
  const url = raw.url ?? '';
  const start = url.indexOf('?');
  return start < 0 ? '' : url.slice(start);
};

const browserSecretOf = ({ headers }: FastifyRequest): string | null =>
  new RegExp(`(?:^|;\\s*)${cookieName}=([A-Za-z0-9_-]{43})(?:;|$)`).exec(headers.cookie ?? '')?.[1] ?? null;

// The same for all tabs of a browser: the states tell their consents apart. Lax: the way back is a navigation from another site, with which Strict would not be sent.
const cookie = (value: string, origin: string): string =>
  `${cookieName}=${value}; Path=/oauth; Max-Age=${cookieSeconds}; HttpOnly; SameSite=Lax${origin.startsWith('https:') ? '; Secure' : ''}`;

const show = (reply: FastifyReply, status: number, title: string, body: string): FastifyReply =>
  reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(page(title, `<header><h1>${title}</h1></header><main>${body}</main>`));

const connected = ({ holder, missingScopes }: Installed): string => {
  const who =
    holder.kind === 'location'
      ? `<p>Location <code>${escapeHtml(holder.locationId)}</code> is connected.</p>`
      : `<p>Agency <code>${escapeHtml(holder.companyId)}</code> is connected, with all its locations in which the app is installed.</p>`;
  if (missingScopes === null)
    return `${who}<p>Upstream did not say which scopes it granted. Fields that need another one answer null and name it.</p>`;
  if (missingScopes.length === 0)
    return `${who}<p>Every scope that was asked for is granted. You can close this page.</p>`;
  const list = missingScopes.map((scope) => `<li><code>${escapeHtml(scope)}</code></li>`).join('');
  return (
    `${who}<h2>Missing scopes</h2><p>These were asked for and not granted. Fields that need them answer null and name the scope.</p>` +
    `<ul>${list}</ul><p>To grant them, <a href="/oauth/install">connect again</a> and leave them ticked; a scope that is not offered ` +
    `must first be added to the app in the vendor's marketplace.</p>`
  );
};

type Problem = InstallProblem | 'bad-location';

const again = 'Begin again at <a href="/oauth/install">/oauth/install</a>.';

/** Status, title and what to do, by problem. Nothing was stored. */
const problems: Readonly<Record<Problem, readonly [number, string, string]>> = {
  'not-administrator': [
    403,
    'Not for everybody',
    'An install is begun by whoever runs the gateway, with the link that <code>npm run connect -- --print</code> prints and that is good for an hour; on its own machine also at <code>/oauth/install</code>, unless <code>PUBLIC_URL</code> names another one.',
  ],
  'bad-location': [400, 'No such location', 'The location in the address cannot be a location id.'],
  'state-unknown': [
    400,
    'This consent is not known',
    `It was begun in another browser or more than ten minutes ago, or has been used already: each is good for one return. If you only loaded the page again, all is well. ${again}`,
  ],
  'state-missing': [
    400,
    'This install was not begun here',
    `Installs that are begun on the marketplace are taken only where <code>UPSTREAM_MARKETPLACE_INSTALLS=on</code>. ${again}`,
  ],
  'refused-by-person': [403, 'Nothing was connected', `The consent was refused. ${again}`],
  'code-missing': [
    400,
    'The answer has no code',
    `The consent page sent the browser back without an authorization code. ${again}`,
  ],
  'code-refused': [
    400,
    'The code is not accepted',
    `It has been redeemed already, or has run out, or is another app's. ${again}`,
  ],
  'no-refresh-token': [
    502,
    'No refresh token came',
    "Without one the grant would end with its first access token. Check the app's settings in the vendor's marketplace.",
  ],
  'other-location': [
    409,
    'Another location answered',
    `The consent was given for another location than the one to connect. ${again}`,
  ],
  'other-company': [
    409,
    'Another company answered',
    'This gateway serves one company, and the consent was given by another. The operator sets it with <code>UPSTREAM_COMPANY_ID</code>.',
  ],
  'company-answer': [
    409,
    'An agency answered',
    'An agency user consented, which gives a token of the company. Let a user of the location itself consent, or set <code>UPSTREAM_GRANT=agency</code>.',
  ],
  'location-answer': [
    409,
    'A location answered',
    'A location user consented, and the gateway serves an agency. Let an agency user consent, or set <code>UPSTREAM_GRANT=authorization-code</code>.',
  ],
  'nobody-named': [
    502,
    'The answer names nobody',
    'Upstream gave a token without saying for which location or company it is.',
  ],
  'upstream-failed': [
    502,
    'Upstream did not answer as it should',
    `The code could not be redeemed. The log says why. ${again}`,
  ],
  'store-unavailable': [
    503,
    'The grant store is away',
    `The gateway cannot reach the store in which it keeps grants. Try again in a moment. ${again}`,
  ],
};

const showProblem = (reply: FastifyReply, problem: Problem): FastifyReply => {
  const [status, title, remedy] = problems[problem];
  return show(reply, status, title, `<p>${remedy}</p>`);
};
