import type { Gateway } from './compose.ts';
import type { Sandbox } from './sandbox/server.ts';
import { version } from './version.ts';

/** What the banner speaks of. */
export interface BannerOptions {
  readonly gateway: Gateway;
  readonly controlUrl: string;
  readonly isProduction: boolean;
}

/** What a person sees after `npm start`; every line is a working link or command, given a token where callers must show one. */
export const banner = ({ gateway, controlUrl, isProduction }: BannerOptions): string =>
  `users-gateway ${version()} · node ${process.version} · SANDBOX MODE: all data is invented

  GraphQL         ${gateway.url}/graphql
${gateway.installUrl === null ? '' : `  Connect         ${gateway.installUrl} (first of all: nothing answers before somebody has consented)\n`}  Start page      ${gateway.url}/
${isProduction ? '' : `  Apollo Sandbox  ${gateway.url}/sandbox (needs the internet)\n`}  Metrics         ${gateway.adminUrl}/metrics (and health, for the operator alone)
  Users API       ${controlUrl} (the pretend upstream: watch calls arrive, edit tags, break things)

Try it:

  ${gateway.curl ?? ''}
`;

/** What a person sees after `npm run sandbox`. */
export const sandboxBanner = ({ url, controlUrl, client, companyId, locations }: Sandbox): string =>
  `The Users API, invented, at ${url}

  Control page    ${controlUrl}
  Client          ${client.id} with secret ${client.secret} (invented, like everything here)
  Company         ${companyId}
  Locations       ${Object.entries(locations)
    .map(([name, id]) => `${name} ${id}`)
    .join('\n                  ')}

Point a gateway at it:

  AUTH=none UPSTREAM_URL=${url} UPSTREAM_CLIENT_ID=${client.id} UPSTREAM_CLIENT_SECRET=${client.secret} npm start

Or try an install, with this as the vendor:

  DOT_ENV=off UPSTREAM_URL=${url} UPSTREAM_CLIENT_ID=${client.id} UPSTREAM_CLIENT_SECRET=${client.secret} npm run connect -- --sandbox
`;

/** The answer to --help. */
export const help = `users-gateway: one GraphQL endpoint over the Users API

  npm start               the gateway; without any UPSTREAM_* setting over the built-in sandbox
  npm run sandbox         the sandbox of the Users API alone
  npm run connect         from nothing to a live first query, step by step
  npm run verify          the check before going live: every operation of the catalogue, scopes, cost
  npm run keys            the keys that seal stored grants
  npm run tokens          service tokens: make, list, revoke
  npm run access-log      the regular review of the log: what is unusual, and who did what
  npm run check:operations FOLDER   a client's operations against the schema: cost and scopes
  npm run dev             the gateway, restarted whenever a source or the schema changes
  npm test                all tests
  npm run test:faults     what takes time: killed processes, stopped services, slow sockets
  npm run check           types, lint, format, generated code, unused code
  npm run bench           start, economy and throughput, measured
  npm run bench:documents what documents cost at their limits
  npm run bench:hostile   hostile requests: status, time and memory of each
  npm run bench:sockets   idle and slow sockets beside good clients
  npm run bench:starvation  a modest caller beside a greedy one
  npm run bench:load      what is promised under load, upstream and Redis away
  npm run simulate        replicas, upstream, network and Redis under a virtual clock
  npm run docs            writes the tables of README.md and .env.example that the code makes

Settings are environment variables: see .env.example or the table in README.md.`;
