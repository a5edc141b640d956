import { CONTROL_SCRIPT } from './control-script.ts';
import { CONTROL_STYLE } from './control-style.ts';

/** Only what carries the nonce runs or styles; the page may talk to its own origin and to nobody else. */
export const contentSecurityPolicy = (nonce: string): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    'img-src data:', // the empty icon, which keeps browsers from asking for one
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

const CALLS = `
<section id="calls" aria-labelledby="calls-title">
  <div class="bar"><h2 id="calls-title">Calls</h2><span id="call-count" class="quiet"></span>
    <button id="clear-calls" type="button">Clear</button></div>
  <ul id="operations" class="chips" aria-label="Upstream calls by GraphQL operation; press one to see only its calls"></ul>
  <p id="no-calls" class="empty">No call yet. Paste the curl line of the gateway's banner into a terminal, or run an operation of its
    start page: each upstream call appears here with the GraphQL operation that caused it. Ask again and nothing arrives, because
    the gateway still knows the answer.</p>
  <div class="scroll" role="region" aria-labelledby="calls-title" tabindex="0"><table id="call-table" hidden>
    <thead><tr><th class="at">At</th><th>Operation</th><th>Call</th><th class="number">Status</th><th class="number">ms</th></tr></thead>
    <tbody id="log"></tbody></table></div>
</section>`;

const TAGS = `
<section id="tags" aria-labelledby="tags-title">
  <div class="bar"><h2 id="tags-title">Tags</h2><span id="tag-count" class="quiet" role="status"></span></div>
  <form id="search-form">
    <label>Location <select id="location"></select></label>
    <label>Search <input id="search" type="search" maxlength="200"></label>
  </form>
  <form id="tag-form"><label>New tag <input id="new-tag" required maxlength="200" dir="auto" autocomplete="off"></label>
    <button class="main" type="submit">Add</button></form>
  <p id="no-tags" class="empty" hidden></p>
  <ul id="tag-rows" class="rows scroll" aria-labelledby="tags-title"></ul>
  <div id="tag-pages" class="bar note" hidden><button id="earlier" type="button">Earlier</button>
    <button id="later" type="button">Later</button></div>
  <p class="note">A gateway that has cached a page of tags shows the old one until its time is over.</p>
</section>`;

const FAULTS = `
<section aria-labelledby="faults-title">
  <div class="bar"><h2 id="faults-title">Faults</h2><button id="clear-faults" type="button" disabled>Clear all</button></div>
  <form id="fault-form">
    <label>What happens <select id="kind">
      <option value="latency">answers late</option><option value="status">answers a status</option>
      <option value="rate-limit">refuses with 429</option><option value="cut">stops half way</option>
      <option value="reset">closes the connection</option><option value="hang">never answers</option>
      <option value="wrong-types">answers wrong types</option><option value="body">answers this JSON</option>
      <option value="unauthorized">answers 401</option></select></label>
    <label id="value-field"><span id="value-label"></span><input id="value" autocomplete="off"></label>
    <label id="reason-field">Reason <select id="reason"><option>expired</option><option>scope</option>
      <option>version</option><option>token-class</option><option>private-token</option></select></label>
    <label>Endpoint <select id="route"><option value="*">all</option></select></label>
    <label>Location <select id="fault-location"><option value="">all</option></select></label>
    <label>Times <input id="times" type="number" min="1" max="1000000" placeholder="until cleared"></label>
    <label>Share of calls, % <input id="share" type="number" min="1" max="100" placeholder="100"></label>
    <button class="main" type="submit">Break it</button>
  </form>
  <p id="no-faults" class="note">Nothing is broken: choose what should go wrong, then ask the gateway.</p>
  <ul id="faults"></ul>
</section>`;

const LIMITS = `
<section aria-labelledby="limits-title">
  <div class="bar"><h2 id="limits-title">Limits and tokens</h2></div>
  <form id="limit-form">
    <label>Calls a location <input id="limit" type="number" min="0" max="1000000" required></label>
    <label>in milliseconds <input id="window" type="number" min="1" max="3600000" required></label>
    <label>and a day <input id="daily" type="number" min="0" max="100000000" required></label>
    <button type="submit">Set limits</button>
  </form>
  <button id="expire" type="button">Expire all access tokens</button>
</section>`;

const OAUTH = `
<section aria-labelledby="oauth-title">
  <div class="bar"><h2 id="oauth-title">OAuth</h2><span id="spent" class="quiet" role="status"></span></div>
  <form id="oauth-form">
    <label>Of whom <select id="holder"></select></label>
    <button id="revoke" type="button">Revoke grants</button>
    <button id="install" type="button">Install</button>
  </form>
  <button id="reconnect" type="button" aria-pressed="false">Refuse reconnect</button>
</section>`;

/** The whole page: one document, nothing from elsewhere, no data of the sandbox in its markup. */
export const controlPage = (nonce: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Users API sandbox</title><link rel="icon" href="data:,"><style nonce="${nonce}">${CONTROL_STYLE}</style></head>
<body><header><div class="title"><h1>Users API sandbox</h1><span id="live" class="badge quiet" role="status">connecting</span>
<span id="broken" class="badge bad" role="status" hidden></span></div>
<p>The pretend upstream: watch the calls it gets, change its tags, break its answers. All data is invented.</p></header>
<noscript><p class="bad">This page needs its script; the same is there as JSON, beginning with /_sandbox/state.</p></noscript>
<main>${CALLS}<div class="side">${TAGS}${FAULTS}${LIMITS}${OAUTH}</div></main>
<div id="notice" role="status"></div>
<script nonce="${nonce}">${CONTROL_SCRIPT}</script></body></html>
`;
