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
  <div class="bar"><h2 id="calls-title">Calls <span id="live" class="quiet" role="status"></span></h2>
    <button id="clear-calls" type="button">Clear</button></div>
  <ul id="operations" class="chips" aria-label="Upstream calls by GraphQL operation"></ul>
  <div class="scroll"><table>
    <thead><tr><th class="number wide">At</th><th>Caused by</th><th>Endpoint</th><th class="wide">Request</th>
      <th class="number">Status</th><th class="number">ms</th></tr></thead>
    <tbody id="log"></tbody></table></div>
</section>`;

const TAGS = `
<section aria-labelledby="tags-title">
  <div class="bar"><h2 id="tags-title">Tags</h2><span id="tag-count" class="quiet" role="status"></span></div>
  <form id="search-form">
    <label>Location <select id="location"></select></label>
    <label>Search <input id="search" type="search" maxlength="200"></label>
    <button type="submit">Find</button>
  </form>
  <form id="tag-form"><label>New tag <input id="new-tag" required maxlength="200" dir="auto"></label>
    <button class="main" type="submit">Add</button></form>
  <div class="scroll"><table><tbody id="tag-rows"></tbody></table></div>
  <div class="bar"><button id="earlier" type="button">Earlier</button><button id="later" type="button">Later</button></div>
</section>`;

const FAULTS = `
<section aria-labelledby="faults-title">
  <div class="bar"><h2 id="faults-title">Faults</h2>
    <span><button id="refresh-faults" type="button">Refresh</button>
    <button id="clear-faults" type="button">Clear all</button></span></div>
  <form id="fault-form">
    <label>Endpoint <select id="route"><option value="*">all</option></select></label>
    <label>Location <select id="fault-location"><option value="">all</option></select></label>
    <label>What happens <select id="kind">
      <option value="latency">answers late</option><option value="status">answers a status</option>
      <option value="rate-limit">refuses with 429</option><option value="cut">stops half way</option>
      <option value="reset">closes the connection</option><option value="hang">never answers</option>
      <option value="wrong-types">answers wrong types</option><option value="body">answers this JSON</option>
      <option value="unauthorized">answers 401</option></select></label>
    <label id="value-field"><span id="value-label"></span><input id="value"></label>
    <label id="reason-field">Reason <select id="reason"><option>expired</option><option>scope</option>
      <option>version</option><option>token-class</option><option>private-token</option></select></label>
    <label>Times <input id="times" type="number" min="1" placeholder="until cleared"></label>
    <label>Share of calls <input id="rate" type="number" min="0" max="1" step="any" placeholder="all"></label>
    <button class="main" type="submit">Break it</button>
  </form>
  <table><tbody id="faults"></tbody></table>
  <form id="limit-form">
    <label>Calls <input id="limit" type="number" min="0" required></label>
    <label>per ms <input id="window" type="number" min="1" required></label>
    <label>per day <input id="daily" type="number" min="0" required></label>
    <button type="submit">Set limits</button>
    <button id="expire" type="button">Expire access tokens</button>
  </form>
</section>`;

/** The whole page: one document, nothing from elsewhere, no data of the sandbox in its markup. */
export const controlPage = (nonce: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Users API sandbox</title><link rel="icon" href="data:,"><style nonce="${nonce}">${CONTROL_STYLE}</style></head>
<body><header><h1>Users API sandbox</h1>
<p>The pretend upstream: watch the calls it gets, change its tags, break its answers.</p></header>
<div id="notice" role="alert"></div>
<main>${CALLS}${TAGS}${FAULTS}</main>
<script nonce="${nonce}">${CONTROL_SCRIPT}</script></body></html>
`;
