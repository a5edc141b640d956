import type { FastifyInstance } from 'fastify';
import { pageStyle } from './html.ts';

const scriptHost = 'https://embeddable-sandbox.cdn.apollographql.com';
const frameHost = 'https://sandbox.embed.apollographql.com';
/** A network that swallows packets never reports a failure: after this long the page says what may be wrong. */
const patienceMs = 4_000;

/** The operation that is open when the page comes up. */
interface OpenOperation {
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** GET /sandbox: Apollo Sandbox, embedded. Its script comes from Apollo; without the internet the page says so and points elsewhere. */
export const apolloSandboxRoutes =
  (operation: OpenOperation) =>
  (app: FastifyInstance): void => {
    app.get('/sandbox', { helmet }, (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('cache-control', 'no-store') // a nonce is for one answer
        .send(sandboxPage(reply.cspNonce, operation)),
    );
  };

const helmet = {
  enableCSPNonces: true, // adds one to scripts and one to styles
  crossOriginEmbedderPolicy: false, // Apollo's frame does not ask to be embedded
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'script-src': [scriptHost],
      'style-src': [],
      'img-src': ['data:'],
      'connect-src': ["'self'"], // the frame lets this page send its operations
      'frame-src': [frameHost],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': ["'none'"],
    },
  },
};

// Options: apollographql/embeddable-explorer, packages/sandbox/src/EmbeddedSandbox.ts (read 2026-11-24).
const optionsOf = ({ document, variables }: OpenOperation) => ({
  target: '#sandbox',
  initialState: { document, variables, includeCookies: false, pollForSchemaUpdates: false },
  endpointIsEditable: false,
  runTelemetry: false,
  allowDynamicStyles: false, // the style below does it, so that the policy can refuse every other
});

const sandboxPage = (nonce: Readonly<Record<'script' | 'style', string>>, operation: OpenOperation): string => {
  // `<` in a script must not end it.
  const options = JSON.stringify(optionsOf(operation)).replaceAll('<', '\\u003c');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Apollo Sandbox · users-gateway</title><link rel="icon" href="data:,">
<style nonce="${nonce.style}">${pageStyle}#sandbox, #sandbox iframe { position: fixed; inset: 0; width: 100%; height: 100%; border: 0; }
[hidden] { display: none !important; }</style></head>
<body><main id="waiting"><h1>Apollo Sandbox</h1><p id="state" role="status">Loading from Apollo's servers …</p>
<p>The gateway itself needs nothing from there: <a href="/">the start page</a> has operations to paste,
<a href="/schema.graphql">the schema</a> every field.</p></main><div id="sandbox" hidden></div>
<noscript><p>Apollo Sandbox is a program and scripts are off here.</p></noscript>
<script nonce="${nonce.script}">
const say = (text) => { document.getElementById('state').textContent = text; };
const failed = () => say('Apollo Sandbox could not be loaded: its program comes from Apollo\\'s servers, which cannot be reached from here.');
const late = setTimeout(() => say('Apollo\\'s servers do not answer. Still trying; perhaps there is no way to the internet from here.'), ${patienceMs});
const script = document.createElement('script');
script.src = '${scriptHost}/_latest/embeddable-sandbox.umd.production.min.js';
script.onerror = () => { clearTimeout(late); failed(); };
script.onload = () => {
  clearTimeout(late);
  if (!window.EmbeddedSandbox) { failed(); return; }
  document.getElementById('waiting').hidden = true;
  document.getElementById('sandbox').hidden = false;
  new window.EmbeddedSandbox({ ...${options}, initialEndpoint: location.origin + '/graphql' });
};
document.head.append(script);
</script></body></html>`;
};
