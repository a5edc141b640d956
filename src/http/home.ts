import type { FastifyInstance } from 'fastify';
import type { CatalogueEntry } from '../operation/catalogue.ts';
import { escapeHtml, page, pagePolicy } from './html.ts';

/** What the start page shows. */
export interface HomeOptions {
  readonly mode: 'sandbox' | 'live';
  /** Label and address of each link. */
  readonly links: readonly (readonly [string, string])[];
  /** A command that answers when pasted; null where there is nothing to show without an id. */
  readonly curl: string | null;
  readonly catalogue: readonly CatalogueEntry[];
  /** The SDL, as it is served. */
  readonly schemaText: string;
}

/** `options` is asked at each request: the port is known only after listening. GET /: a page without scripts and without any other host. GET /schema.graphql: the contract. */
export const homeRoutes =
  (options: () => HomeOptions) =>
  (app: FastifyInstance): void => {
    app.get('/', { helmet: { contentSecurityPolicy: pagePolicy } }, (_request, reply) =>
      reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(homePage(options())),
    );
    app.get('/schema.graphql', (_request, reply) =>
      reply.type('text/plain; charset=utf-8').header('cache-control', 'no-cache').send(options().schemaText),
    );
  };

const homePage = ({ mode, links, curl, catalogue }: HomeOptions): string =>
  page(
    'users-gateway',
    `<h1>users-gateway</h1><p><span class="mode">${mode === 'sandbox' ? 'sandbox mode: all data is invented' : 'live'}</span></p>` +
      `<p>One GraphQL endpoint for locations, tags, tag details and statistics.</p><dl>${links
        .map(
          ([label, url]) => `<dt>${escapeHtml(label)}</dt><dd><a href="${escapeHtml(url)}">${escapeHtml(url)}</a></dd>`,
        )
        .join('')}</dl>` +
      (curl === null ? '' : `<h2>Try it</h2><pre>${escapeHtml(curl)}</pre>`) +
      `<h2>Operations</h2>${catalogue.map(entry).join('')}`,
  );

const entry = ({ name, trigger, action, keyFields, scopes, worst, text }: CatalogueEntry): string =>
  `<details><summary><b>${escapeHtml(name)}</b>${escapeHtml(action)}</summary><dl>` +
  `<dt>When</dt><dd>${escapeHtml(trigger)}</dd><dt>Key fields</dt><dd>${escapeHtml(keyFields)}</dd>` +
  `<dt>Scopes</dt><dd>${escapeHtml(scopes.join(' ') || 'none')}</dd><dt>Upstream calls</dt><dd>at most ${worst.total}</dd></dl>` +
  `<pre>${escapeHtml(text)}</pre></details>`;
