import type { FastifyInstance } from 'fastify';
import type { CatalogueEntry } from '../operation/catalogue.ts';
import { answerProblem, noSuchPath } from './errors.ts';
import { escapeHtml, page, pagePolicy } from './html.ts';

/** What the start page shows. */
export interface HomeOptions {
  readonly mode: 'sandbox' | 'live';
  /** Label and address of each link. */
  readonly links: readonly (readonly [string, string])[];
  /** A command that answers when pasted; null where there is nothing to show without an id. */
  readonly curl: string | null;
  /** The operations to copy, and the SDL as it is served; null where strangers are not to learn them. */
  readonly schema: { readonly catalogue: readonly CatalogueEntry[]; readonly text: string } | null;
}

/** `options` is asked at each request: the port is known only after listening. GET /: a page without scripts and without any other host. GET /schema.graphql: the contract. */
export const homeRoutes =
  (options: () => HomeOptions) =>
  (app: FastifyInstance): void => {
    app.get('/', { helmet: { contentSecurityPolicy: pagePolicy } }, (_request, reply) =>
      reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(homePage(options())),
    );
    app.get('/schema.graphql', (request, reply) => {
      const { schema } = options();
      if (schema === null) return answerProblem(request, reply, noSuchPath);
      return reply.type('text/plain; charset=utf-8').header('cache-control', 'no-cache').send(schema.text);
    });
    // Browsers, and Apollo Sandbox by itself, ask for it: an empty answer instead of an error in somebody's console.
    app.get('/favicon.ico', (_request, reply) => reply.code(204).header('cache-control', 'max-age=86400').send());
  };

/** What is behind an address, by its path. */
const notes: Readonly<Record<string, string>> = {
  '/graphql': 'The endpoint. Send questions by POST, as below.',
  '/oauth/install': 'Connects a location or an agency: leads to the consent page.',
  '/sandbox': 'Write and run operations in the browser. Needs the internet.',
  '/schema.graphql': 'The whole contract, every field described.',
  '/readyz': 'Whether this process wants requests.',
  '/_sandbox': 'The pretend upstream: watch calls arrive, edit tags, break answers.',
};

const homePage = ({ mode, links, curl, schema }: HomeOptions): string =>
  page(
    'users-gateway',
    `<header><div class="title"><h1>users-gateway</h1>${modeMark[mode]}</div>` +
      `<p class="quiet">One GraphQL endpoint for locations, their tags, tag details and statistics.</p></header>` +
      `<main><h2>Addresses</h2><dl class="links">${links.map(link).join('')}</dl>` +
      (curl === null ? '' : `<h2>Try it</h2><p>Paste this into a terminal:</p><pre>${escapeHtml(curl)}</pre>`) +
      (schema === null ? '' : operations(schema.catalogue)) +
      '</main>',
  );

const operations = (catalogue: readonly CatalogueEntry[]): string =>
  `<h2>Operations</h2><p class="quiet">Ready to copy, each with the most upstream calls it can cost with nothing cached. ` +
  `They take ids as variables: MyLocations lists the locations you may read.</p>${catalogue.map(entry).join('')}`;

const modeMark = {
  sandbox: '<span class="mode">sandbox mode: all data is invented</span>',
  live: '<span class="mode live">live</span>',
};

const link = ([label, url]: readonly [string, string]): string => {
  const { pathname } = new URL(url);
  const address = escapeHtml(url);
  // A browser's GET of the endpoint is refused (it could be another site's), so it is shown but not linked.
  const shown = pathname === '/graphql' ? `<code>${address}</code>` : `<a href="${address}">${address}</a>`;
  const note = notes[pathname];
  return `<dt>${escapeHtml(label)}</dt><dd>${shown}${note === undefined ? '' : `<span class="quiet">${note}</span>`}</dd>`;
};

const entry = ({ name, trigger, action, keyFields, scopes, worst, text }: CatalogueEntry): string =>
  `<details id="${escapeHtml(name)}"><summary><b>${escapeHtml(name)}</b><span class="action">${escapeHtml(action)}</span>` +
  `<span class="cost">${callsOf(worst.total)}</span></summary><div class="entry"><dl>` +
  `<dt>When</dt><dd>${escapeHtml(trigger)}</dd><dt>Key fields</dt><dd>${escapeHtml(keyFields)}</dd>` +
  `<dt>Scopes</dt><dd>${escapeHtml(scopes.join(' ') || 'none')}</dd></dl><pre>${escapeHtml(text.trim())}</pre></div></details>`;

const callsOf = (most: number): string => (most === 0 ? 'no call' : `≤ ${most} ${most === 1 ? 'call' : 'calls'}`);
