// A browser in a few lines: what an administrator does at an install.
import { unescaped } from './html.ts';

/** What the person decides on the consent page. */
export interface Decision {
  /** `company`, or `location:` and an id. */
  readonly holder: string;
  /** Those to leave ticked; absent for all. */
  readonly scopes?: readonly string[];
  readonly decision?: 'allow' | 'refuse';
  /** The browser's cookies, as a Cookie header; kept and added to. */
  readonly cookies?: CookieJar;
}

/** Cookies by name. */
export type CookieJar = Map<string, string>;

/** How far the browser came. */
export interface Consented {
  /** Of the last page. */
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** The addresses, in order: the install's, the consent page's, the callback's. */
  readonly steps: readonly URL[];
}

/** Opens the install address, decides on the consent page and follows back. A page that comes instead of a redirect ends the way. */
export const consent = async (installUrl: string, decision: Decision): Promise<Consented> => {
  const cookies: CookieJar = decision.cookies ?? new Map<string, string>();
  const decided = await decide(installUrl, { ...decision, cookies });
  if (decided.callbackUrl === null) return decided;
  const page = await open(decided.callbackUrl, cookies);
  return { ...(await pageOf(page)), steps: [...decided.steps, decided.callbackUrl] };
};

/** As far as the decision: the browser would go to `callbackUrl` next; null where a page came instead. */
export const decide = async (
  installUrl: string,
  decision: Decision,
): Promise<Consented & { readonly callbackUrl: URL | null }> => {
  const { cookies = new Map<string, string>() } = decision;
  const begun = await open(new URL(installUrl), cookies);
  const consentUrl = targetOf(begun);
  if (consentUrl === null) return { ...(await pageOf(begun)), steps: [new URL(installUrl)], callbackUrl: null };
  const steps = [new URL(installUrl), consentUrl];
  const asked = await fetch(consentUrl);
  const form = formOf(await asked.text(), decision);
  const answer = await fetch(new URL('chooselocation', consentUrl), { method: 'POST', body: form, redirect: 'manual' });
  return { ...(await pageOf(answer)), steps, callbackUrl: targetOf(answer) };
};

/** Follows redirects from one address to the page at their end; for a consent page that needs no decision. */
export const follow = async (
  installUrl: string,
  cookies: CookieJar = new Map<string, string>(),
): Promise<Consented> => {
  const steps: URL[] = [];
  for (let next: URL | null = new URL(installUrl); ;) {
    steps.push(next);
    const response = await open(next, cookies);
    next = targetOf(response);
    if (next === null || steps.length > 10) return { ...(await pageOf(response)), steps };
  }
};

/** Gets one page with the browser's cookies, and keeps those that it sets. Redirects are not followed. */
export const open = async (url: URL, cookies: CookieJar): Promise<Response> => {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const response = await fetch(url, { redirect: 'manual', headers: cookie === '' ? {} : { cookie } });
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (/;\s*(max-age=0|expires=Thu, 01 Jan 1970[^;]*)(;|$)/i.test(line)) cookies.delete(name);
    else cookies.set(name, value);
  }
  return response;
};

const pageOf = async (response: Response) => ({
  status: response.status,
  headers: response.headers,
  text: await response.text(),
});

const targetOf = ({ status, headers, url }: Response): URL | null =>
  [302, 303].includes(status) ? new URL(headers.get('location') ?? '', url) : null;

// What a browser would send: every hidden field, the chosen radio button, the ticked boxes, the button pressed.
const formOf = (html: string, { holder, scopes, decision = 'allow' }: Decision): URLSearchParams => {
  const form = new URLSearchParams();
  const inputs = [...html.matchAll(/<input\b([^>]*)>/g)].map(([, text = '']) => attributesOf(text));
  for (const { type, name = '', value = '' } of inputs) {
    if (type === 'hidden') form.append(name, value);
    if (type === 'radio' && value === holder) form.append(name, value);
    if (type === 'checkbox' && (scopes?.includes(value) ?? true)) form.append(name, value);
  }
  form.append('decision', decision);
  return form;
};

const attributesOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, unescaped(value)]),
  );
