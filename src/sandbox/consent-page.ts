import type { Authorization } from './authorization.ts';
import { CONSENT_STYLE, CONSENT_STYLE_SOURCE } from './consent-style.ts';
import type { Page } from './route.ts';
import { SCOPES } from './scopes.ts';

/** A location to choose. */
export interface Choice {
  readonly id: string;
  readonly name: string;
  readonly note: string;
}

/** What the consent page shows. `fields` travel through the form unseen and unchanged. */
export interface Consent {
  readonly clientId: string;
  readonly authorization: Authorization;
  readonly fields: Readonly<Record<string, string>>;
  readonly choices: readonly Choice[];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** What a policy allows the form to lead to: Chromium asks it about redirects too. */
const formTarget = (redirectUri: string): string => {
  const { protocol, hostname, origin } = new URL(redirectUri);
  // Other hosts cannot be written in a policy: [::1] is not in its grammar, and ";" would end the directive.
  return /^[a-z0-9.-]+$/.test(hostname) ? origin : protocol;
};

const headersOf = (formAction: string): Readonly<Record<string, string>> => ({
  'content-security-policy': [
    "default-src 'none'",
    `style-src ${CONSENT_STYLE_SOURCE}`,
    'img-src data:', // the empty icon, which keeps browsers from asking for one
    "base-uri 'none'",
    `form-action ${formAction}`,
    "frame-ancestors 'none'",
  ].join('; '),
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
});

const document = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><link rel="icon" href="data:,"><style>${CONSENT_STYLE}</style></head>
<body><main>${body}</main></body></html>
`;

const hidden = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('\n');

const scopeRow = (scope: string): string =>
  `<label><input type="checkbox" name="scopes" value="${escaped(scope)}" checked><span>${escaped(SCOPES.get(scope) ?? '')}</span>
<small>${escaped(scope)}</small></label>`;

const holderRow = (value: string, { name, note }: Omit<Choice, 'id'>, isChosen: boolean): string =>
  `<label><input type="radio" name="holder" value="${escaped(value)}"${isChosen ? ' checked' : ''} required><span>${escaped(name)}</span>
<small>${escaped(note)}</small></label>`;

const AGENCY = {
  name: 'The whole agency',
  note: 'Company token: the app gets tokens of all locations where it is installed',
};

/** The page that asks. The form posts to the same address; see routes/choose-location.ts for its fields. */
export const consentPage = ({ clientId, authorization, fields, choices }: Consent): Page => {
  const { redirectUri, scopes } = authorization;
  const locations = choices.map(({ id, ...choice }) => holderRow(`location:${id}`, choice, false)).join('\n');
  const body = `<p class="quiet">Users API sandbox · all data is invented</p>
<h1>An app asks for access</h1>
<p>The app <code>${escaped(clientId)}</code> wants to be connected. Whatever you answer, you then go back to
<code>${escaped(new URL(redirectUri).origin)}</code>.</p>
<form method="post" action="chooselocation">
${hidden(fields)}
<fieldset><legend>What it may do</legend><div class="list">${scopes.map(scopeRow).join('\n')}</div></fieldset>
<fieldset><legend>Who installs it</legend><div class="list scroll">${holderRow('company', AGENCY, true)}
${locations}</div></fieldset>
<div class="actions"><button class="main" name="decision" value="allow">Allow</button>
<button name="decision" value="refuse" formnovalidate>Refuse</button></div>
</form>`;
  return {
    status: 200,
    html: document('An app asks for access', body),
    headers: headersOf(`'self' ${formTarget(redirectUri)}`),
  };
};

/** The page that says why nothing can be asked. It leads nowhere: the address to go back to cannot be trusted. */
export const problemPage = (message: string): Page => ({
  status: 400,
  html: document(
    'This request cannot be answered',
    `<p class="quiet">Users API sandbox</p><h1>This request cannot be answered</h1><p>${escaped(message)}</p>
<p class="quiet">Nothing was installed. Begin again from the app that sent you here.</p>`,
  ),
  headers: headersOf("'none'"),
});

/** Sends the browser on. */
export const redirectPage = (location: string): Page => ({
  status: 302,
  html: '',
  headers: { ...headersOf("'none'"), location },
});
