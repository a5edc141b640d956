/** Switching faults on and off, and the panel of limits and tokens. */
export const FAULTS_SCRIPT = String.raw`
const happenings = {
  latency: ({ ms }) => 'answers ' + ms + ' ms late',
  status: ({ status }) => 'answers ' + status,
  'rate-limit': ({ retryAfter }) => 'refuses with 429' + (retryAfter === undefined ? '' : ', Retry-After ' + retryAfter),
  cut: () => 'stops half way',
  reset: () => 'closes the connection',
  hang: () => 'never answers',
  'wrong-types': () => 'answers wrong types',
  body: ({ body }) => 'answers ' + JSON.stringify(body).slice(0, 80),
  unauthorized: ({ reason }) => 'answers 401, reason ' + reason,
};
const described = (fault) => (fault.route === '*' ? 'Every endpoint' : fault.route) + ' ' + happenings[fault.kind](fault)
  + (fault.locationId === undefined ? '' : ' for ' + (names.get(fault.locationId) || fault.locationId))
  + (fault.rate === undefined ? '' : ', ' + Math.round(fault.rate * 100) + ' % of calls')
  + (fault.times === undefined ? '' : ', ' + counted(fault.times, 'time'));
const faultRow = ({ id, fault }) => {
  const text = described(fault);
  const clear = button({ type: 'button', className: 'link', textContent: 'Clear' }, 'Clear: ' + text);
  clear.onclick = act(async () => { await ask('/faults/' + id, 'DELETE'); changes += 1; await readFaults(); });
  const hits = node('span', { className: 'quiet number' });
  return { made: node('li', {}, node('span', { textContent: text }), hits, clear), hits };
};
const faultRows = new Map();
let changes = 0;
// Rows stay as they are, so that the focus does too while the numbers move.
const showFaults = (faults) => {
  const ids = new Set(faults.map(({ id }) => id));
  for (const [id, { made }] of faultRows) if (!ids.has(id)) { made.remove(); faultRows.delete(id); }
  for (const entry of faults) {
    if (!faultRows.has(entry.id)) {
      faultRows.set(entry.id, faultRow(entry));
      byId('faults').append(faultRows.get(entry.id).made);
    }
    const text = counted(entry.hits, 'hit');
    const { hits } = faultRows.get(entry.id);
    if (hits.textContent !== text) hits.textContent = text;
  }
  byId('no-faults').hidden = faults.length > 0;
  byId('clear-faults').disabled = faults.length === 0;
  byId('broken').hidden = faults.length === 0;
  const text = counted(faults.length, 'fault') + ' on';
  if (byId('broken').textContent !== text) byId('broken').textContent = text;
};
const readFaults = async () => {
  const asked = changes;
  const { faults } = await ask('/faults');
  if (asked === changes) showFaults(faults); // else the answer is of before the change
};

const number = (id) => byId(id).value === '' ? undefined : Number(byId(id).value);
const parsed = (text) => { try { return JSON.parse(text); } catch { return text; } };
const values = {
  latency: () => ({ ms: number('value') }),
  status: () => ({ status: number('value') }),
  'rate-limit': () => byId('value').value === '' ? {} : { retryAfter: byId('value').value },
  body: () => ({ body: parsed(byId('value').value) }),
  unauthorized: () => ({ reason: byId('reason').value }),
};
const fields = { latency: ['Milliseconds', '2000'], status: ['Status', '500'], 'rate-limit': ['Retry-After, if any', ''], body: ['JSON', '{}'] };
const fitFields = () => {
  const kind = byId('kind').value;
  const [label, preset] = fields[kind] || ['', ''];
  byId('value-field').hidden = !(kind in fields);
  byId('value-label').textContent = label;
  byId('value').value = preset;
  byId('reason-field').hidden = kind !== 'unauthorized';
};
byId('kind').onchange = fitFields;
byId('fault-form').onsubmit = act(async () => {
  const kind = byId('kind').value;
  const where = byId('fault-location').value;
  const share = number('share');
  const fault = { route: byId('route').value, kind, locationId: where === '' ? undefined : where, times: number('times'),
    rate: share === undefined ? undefined : share / 100, ...(values[kind] ? values[kind]() : {}) };
  await ask('/faults', 'POST', fault);
  changes += 1;
  await readFaults();
  say('Broken. What the gateway has cached it still answers.');
});
byId('clear-faults').onclick = act(async () => { await ask('/faults', 'DELETE'); changes += 1; await readFaults(); });

const showLimits = ({ burst, dailyLimit }) => {
  byId('limit').value = burst.limit;
  byId('window').value = burst.windowMs;
  byId('daily').value = dailyLimit;
};
byId('limit-form').onsubmit = act(async () => {
  const burst = { limit: number('limit'), windowMs: number('window') };
  showLimits(await ask('/limits', 'PATCH', { burst, dailyLimit: number('daily') }));
  say('The limits hold from the next call on.');
});
byId('expire').onclick = act(async () => {
  await ask('/expire-access-tokens', 'POST');
  say('All access tokens are expired: the next call gets 401 and the gateway renews its token.');
});
`;
