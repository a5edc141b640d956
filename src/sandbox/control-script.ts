import { CALLS_SCRIPT } from './control-script-calls.ts';
import { FAULTS_SCRIPT } from './control-script-faults.ts';
import { OAUTH_SCRIPT } from './control-script-oauth.ts';
import { TAGS_SCRIPT } from './control-script-tags.ts';

const TOOLS = String.raw`
'use strict';
const base = '/_sandbox';
const byId = (id) => document.getElementById(id);
const node = (tag, props, ...children) => {
  const made = Object.assign(document.createElement(tag), props);
  made.append(...children);
  return made;
};
const counted = (count, what) => count + ' ' + what + (count === 1 ? '' : 's');
let fading;
const say = (text, className = 'good') => {
  clearTimeout(fading);
  Object.assign(byId('notice'), { textContent: text, className });
  if (className === 'good') fading = setTimeout(() => say(''), 4000); // a problem stays until something else is done
};
const ask = async (path, method = 'GET', body) => {
  const init = method === 'GET' ? {} : { method, headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body) };
  const answer = await fetch(base + path, init).catch(() => { throw new Error('The sandbox does not answer. Is it still running?'); });
  const value = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(value.error);
  return value;
};
const act = (work) => async (event) => {
  if (event) event.preventDefault();
  try { await work(event); } catch (error) { say(error.message, 'bad'); }
};
let names = new Map();
`;

const START = String.raw`
const choice = ({ id, name, isInstalled, isOtherTenant }) => node('option', { value: id,
  textContent: name + (isOtherTenant ? ' (another company)' : isInstalled ? '' : ' (not installed)') });
const fill = (select, options) => {
  const chosen = select.value;
  select.replaceChildren(...[...select.options].filter((option) => option.hasAttribute('value') && ['', '*'].includes(option.value)), ...options);
  if ([...select.options].some(({ value }) => value === chosen)) select.value = chosen;
};
const load = async () => {
  const state = await ask('/state');
  names = new Map(state.locations.map(({ id, name }) => [id, name]));
  fill(byId('location'), state.locations.map(choice));
  fill(byId('fault-location'), state.locations.map(choice));
  fill(byId('route'), state.routes.map((route) => node('option', { value: route, textContent: route })));
  showLimits(state.limits);
  showOauth(state);
  await showTags();
};
let isLive = false;
const poll = async () => {
  try {
    if (!isLive) { clearLog(); last = 0; await load(); } // at first, and after the sandbox was restarted
    await readCalls();
    await readFaults();
    isLive = true;
  } catch { isLive = false; }
  const live = byId('live');
  const text = isLive ? 'live' : 'the sandbox does not answer';
  if (live.textContent !== text) Object.assign(live, { textContent: text, className: 'badge ' + (isLive ? 'good' : 'bad') });
  setTimeout(poll, isLive ? 500 : 2000);
};
fitFields();
poll();
`;

/** The control page's script, put together from its panels. Text from outside reaches the page through textContent only. */
export const CONTROL_SCRIPT = TOOLS + CALLS_SCRIPT + TAGS_SCRIPT + FAULTS_SCRIPT + OAUTH_SCRIPT + START;
