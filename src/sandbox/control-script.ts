/** The control page's script. Text from outside reaches the page through textContent only. */
export const CONTROL_SCRIPT = `
'use strict';
const base = '/_sandbox';
const byId = (id) => document.getElementById(id);
const node = (tag, props, ...children) => {
  const made = Object.assign(document.createElement(tag), props);
  made.append(...children);
  return made;
};
const say = (text) => { byId('notice').textContent = text; };
const ask = async (path, method = 'GET', body) => {
  const init = method === 'GET' ? {} : { method, headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body) };
  const answer = await fetch(base + path, init);
  const value = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(value.error);
  return value;
};
const act = (work) => async (event) => {
  if (event) event.preventDefault();
  try { say(''); await work(event); } catch (error) { say(error.message); }
};

let names = new Map();
let last = 0;
const open = new Map();
const rows = new Map();
const counts = new Map();

const statusCell = (call) => call.status === null
  ? node('td', { className: 'number quiet', textContent: 'open or cut' })
  : node('td', { className: 'number ' + (call.status < 400 ? 'good' : 'bad'), textContent: String(call.status) });
const row = (call) => node('tr', {},
  node('td', { className: 'number quiet wide', textContent: new Date(call.at).toLocaleTimeString() }),
  node('td', { textContent: call.operations.join(', ') || '–' }),
  node('td', {}, node('div', { textContent: call.route }),
    node('div', { className: 'quiet', textContent: names.get(call.locationId) || call.locationId || '' })),
  node('td', { className: 'path wide', textContent: call.method + ' ' + call.rawPath }),
  statusCell(call),
  node('td', { className: 'number', textContent: call.status === null ? '' : call.durationMs.toFixed(1) }));

const countOperations = (call) => {
  for (const name of call.operations) counts.set(name, (counts.get(name) || 0) + 1);
  byId('operations').replaceChildren(...[...counts].slice(-12).map(([name, count]) =>
    node('li', { textContent: name + ': ' + count + (count === 1 ? ' upstream call' : ' upstream calls') })));
};
const show = ({ number, call }) => {
  const made = row(call);
  const old = rows.get(number);
  if (old) old.replaceWith(made); else { byId('log').prepend(made); countOperations(call); }
  rows.set(number, made);
  if (call.status === null && Date.now() - call.at < 60000) open.set(number, call); else open.delete(number);
  if (rows.size > 200) { const oldest = rows.keys().next().value; rows.get(oldest).remove(); rows.delete(oldest); open.delete(oldest); }
};
const poll = async () => {
  try {
    const after = open.size > 0 ? Math.min(...open.keys()) - 1 : last;
    const answer = await ask('/calls?after=' + after);
    if (answer.last < last) { clearLog(); }
    last = answer.last;
    answer.calls.forEach(show);
    byId('live').textContent = 'live';
  } catch { byId('live').textContent = 'the sandbox does not answer'; }
  setTimeout(poll, 1000);
};
const clearLog = () => { rows.clear(); open.clear(); counts.clear(); byId('log').replaceChildren(); byId('operations').replaceChildren(); };

let skip = 0;
const tagPath = (id) => '/tags/' + byId('location').value + '/' + id;
const tagRow = (tag) => {
  const input = node('input', { value: tag.name, maxLength: 200, dir: 'auto' });
  input.setAttribute('aria-label', 'Name of the tag ' + tag.name);
  const save = act(async () => { await ask(tagPath(tag.id), 'PATCH', { name: input.value }); await showTags(); });
  const remove = act(async () => { await ask(tagPath(tag.id), 'DELETE'); await showTags(); });
  return node('tr', {}, node('td', {}, input), node('td', { className: 'number' },
    node('button', { className: 'link', textContent: 'Rename', onclick: save }),
    node('button', { className: 'link', textContent: 'Delete', onclick: remove })));
};
const showTags = async () => {
  const query = new URLSearchParams({ searchText: byId('search').value, skip });
  const { count, tags } = await ask('/tags/' + byId('location').value + '?' + query);
  byId('tag-rows').replaceChildren(...tags.map(tagRow));
  byId('tag-count').textContent = count === 0 ? 'No tag' : (skip + 1) + '–' + (skip + tags.length) + ' of ' + count;
  byId('earlier').disabled = skip === 0;
  byId('later').disabled = skip + tags.length >= count;
};
const turn = (by) => act(async () => { skip = Math.max(0, skip + by); await showTags(); });

const described = (fault) => Object.entries(fault)
  .map(([name, value]) => name + ' ' + (typeof value === 'string' ? value : JSON.stringify(value))).join(', ');
const showFaults = (faults) => byId('faults').replaceChildren(...faults.map(({ id, fault, hits }) =>
  node('tr', {}, node('td', { textContent: described(fault) }), node('td', { className: 'number', textContent: hits + ' hits' }),
    node('td', { className: 'number' }, node('button', { className: 'link', textContent: 'Clear',
      onclick: act(async () => { await ask('/faults/' + id, 'DELETE'); await refreshFaults(); }) })))));
const refreshFaults = async () => showFaults((await ask('/faults')).faults);
const number = (id) => byId(id).value === '' ? undefined : Number(byId(id).value);
const parsed = (text) => { try { return JSON.parse(text); } catch { return text; } };
const values = {
  latency: () => ({ ms: number('value') || 0 }),
  status: () => ({ status: number('value') || 500 }),
  'rate-limit': () => byId('value').value === '' ? {} : { retryAfter: byId('value').value },
  body: () => ({ body: parsed(byId('value').value) }),
  unauthorized: () => ({ reason: byId('reason').value }),
};
const labels = { latency: 'Milliseconds', status: 'Status', 'rate-limit': 'Retry-After', body: 'JSON' };
const fitFields = () => {
  const kind = byId('kind').value;
  byId('value-field').hidden = !(kind in labels);
  byId('value-label').textContent = labels[kind] || '';
  byId('reason-field').hidden = kind !== 'unauthorized';
};
const setFault = act(async () => {
  const kind = byId('kind').value;
  const where = byId('fault-location').value;
  const fault = { route: byId('route').value, kind, locationId: where === '' ? undefined : where,
    times: number('times'), rate: number('rate'), ...(values[kind] ? values[kind]() : {}) };
  showFaults((await ask('/faults', 'POST', fault)).faults);
});

const start = act(async () => {
  const state = await ask('/state');
  names = new Map(state.locations.map(({ id, name }) => [id, name]));
  const choice = ({ id, name, isInstalled, isOtherTenant }) => node('option', { value: id,
    textContent: name + (isOtherTenant ? ' (another company)' : isInstalled ? '' : ' (not installed)') });
  byId('location').append(...state.locations.map(choice));
  byId('fault-location').append(...state.locations.map(choice));
  byId('route').append(...state.routes.map((route) => node('option', { value: route, textContent: route })));
  byId('limit').value = state.limits.burst.limit;
  byId('window').value = state.limits.burst.windowMs;
  byId('daily').value = state.limits.dailyLimit;
  showFaults(state.faults);
  fitFields();
  await showTags();
  poll();
});
byId('kind').onchange = fitFields;
byId('fault-form').onsubmit = setFault;
byId('clear-faults').onclick = act(async () => { await ask('/faults', 'DELETE'); showFaults([]); });
byId('refresh-faults').onclick = act(refreshFaults);
byId('clear-calls').onclick = act(async () => { await ask('/calls', 'DELETE'); clearLog(); });
byId('expire').onclick = act(() => ask('/expire-access-tokens', 'POST'));
byId('location').onchange = act(async () => { skip = 0; await showTags(); });
byId('search-form').onsubmit = act(async () => { skip = 0; await showTags(); });
byId('earlier').onclick = turn(-50);
byId('later').onclick = turn(50);
byId('tag-form').onsubmit = act(async () => {
  await ask('/tags', 'POST', { locationId: byId('location').value, name: byId('new-tag').value });
  byId('new-tag').value = '';
  await showTags();
});
byId('limit-form').onsubmit = act(() => ask('/limits', 'PATCH',
  { burst: { limit: number('limit'), windowMs: number('window') }, dailyLimit: number('daily') }));
start();
`;
