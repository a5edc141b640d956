import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { escapeHtml } from './html.ts';

const scriptHost = 'https://embeddable-sandbox.cdn.apollographql.com';
const frameHost = 'https://sandbox.embed.apollographql.com';

/** GET /sandbox: Apollo Sandbox, embedded. Its script comes from Apollo; without the internet the page says so and points elsewhere. */
export const apolloSandboxRoutes =
  ({ document, variables }: { document: string; variables: Readonly<Record<string, unknown>> }) =>
  (app: FastifyInstance): void => {
    app.get('/sandbox', async (_request, reply) => {
      const nonce = randomBytes(16).toString('base64');
      await reply.helmet({
        contentSecurityPolicy: {
          useDefaults: false,
          directives: {
            'default-src': ["'none'"],
            'script-src': [`'nonce-${nonce}'`, scriptHost],
            'style-src': ["'unsafe-inline'"],
            'img-src': ["'self'", 'data:', 'https://apollo-server-landing-page.cdn.apollographql.com'],
            'connect-src': ["'self'"],
            'frame-src': [frameHost],
            'base-uri': ["'none'"],
            'frame-ancestors': ["'none'"],
          },
        },
        crossOriginEmbedderPolicy: false,
      });
      return reply.type('text/html; charset=utf-8').send(sandboxPage(nonce, { document, variables }));
    });
  };

const sandboxPage = (
  nonce: string,
  { document, variables }: { document: string; variables: Readonly<Record<string, unknown>> },
): string => {
  // `<` in a script must not end it.
  const state = JSON.stringify({ document, variables }).replaceAll('<', '\\u003c');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Apollo Sandbox · users-gateway</title>
<style>html,body,#sandbox{height:100%;margin:0}#offline{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}</style></head>
<body><div id="sandbox"></div>
<div id="offline" hidden><h1>Apollo Sandbox could not be loaded</h1><p>Its program comes from Apollo's servers, which cannot be reached from here.
The gateway itself works: see <a href="/">the start page</a> for operations to paste, or <a href="${escapeHtml('/schema.graphql')}">the schema</a>.</p></div>
<script nonce="${nonce}">
const offline = () => { document.getElementById('sandbox').remove(); document.getElementById('offline').hidden = false; };
const script = document.createElement('script');
script.src = '${scriptHost}/_latest/embeddable-sandbox.umd.production.min.js';
script.nonce = '${nonce}';
script.onerror = offline;
script.onload = () => new window.EmbeddedSandbox({ target: '#sandbox', initialEndpoint: location.origin + '/graphql',
  initialState: { ...${state}, includeCookies: false, pollForSchemaUpdates: false }, runTelemetry: false });
document.head.append(script);
</script></body></html>`;
};
