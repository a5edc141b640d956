/** The log of calls: each call with what caused it, and how many calls each operation has cost. */
export const CALLS_SCRIPT = String.raw`
const MOST_ROWS = 200;
let last = 0;
let total = 0;
let chosen = null;
let clearings = 0;
const open = new Map();
const rows = new Map();
const counts = new Map();

const isOpen = (call) => call.status === null && call.durationMs === 0;
const statusCell = (call) => call.status === null
  ? node('td', { className: 'number quiet', textContent: isOpen(call) ? 'open' : 'cut' })
  : node('td', { className: 'number ' + (call.status < 400 ? 'good' : 'bad'), textContent: String(call.status) });
const about = (call) => [call.route, names.get(call.locationId) || call.locationId].filter(Boolean).join(' · ');
const row = (call) => node('tr', { hidden: chosen !== null && !call.operations.includes(chosen) },
  node('td', { className: 'at quiet', textContent: new Date(call.at).toTimeString().slice(0, 8) }),
  node('td', { className: call.operations.length > 0 ? 'by' : 'by quiet', textContent: call.operations.join(', ') || 'none' }),
  node('td', { className: 'call' }, node('div', { className: 'path', textContent: call.method + ' ' + call.rawPath }),
    node('div', { className: 'quiet', textContent: about(call) })),
  statusCell(call),
  node('td', { className: 'number', textContent: isOpen(call) ? '' : call.durationMs.toFixed(1) }));

const choose = (name) => {
  chosen = chosen === name ? null : name;
  for (const { made, call } of rows.values()) made.hidden = chosen !== null && !call.operations.includes(chosen);
  for (const [key, { button }] of counts) button.setAttribute('aria-pressed', String(key === chosen));
};
const countOperation = (name) => {
  if (!counts.has(name)) {
    const button = node('button', { type: 'button', onclick: () => choose(name) });
    button.setAttribute('aria-pressed', 'false');
    counts.set(name, { button, count: 0 });
    byId('operations').prepend(node('li', {}, button));
  }
  const entry = counts.get(name);
  entry.count += 1;
  entry.button.textContent = name + ': ' + counted(entry.count, 'call');
};
const forgetOldest = () => {
  const [number, { made }] = rows.entries().next().value;
  made.remove();
  rows.delete(number);
  open.delete(number);
};
const show = ({ number, call }) => {
  const made = row(call);
  const old = rows.get(number);
  if (old) old.made.replaceWith(made);
  else {
    Object.assign(made, { className: 'new', onanimationend: () => { made.className = ''; } });
    byId('log').prepend(made);
    total += 1;
    call.operations.forEach(countOperation);
  }
  rows.set(number, { made, call });
  if (isOpen(call)) open.set(number, call); else open.delete(number);
  if (rows.size > MOST_ROWS) forgetOldest();
};
const showTotal = () => {
  byId('no-calls').hidden = total > 0;
  byId('call-table').hidden = total === 0;
  const shown = total > rows.size ? ', the last ' + rows.size + ' shown' : '';
  byId('call-count').textContent = total === 0 ? '' : counted(total, 'call') + shown;
};
const clearLog = () => {
  clearings += 1;
  [rows, open, counts].forEach((map) => map.clear());
  total = 0;
  chosen = null;
  byId('log').replaceChildren();
  byId('operations').replaceChildren();
  showTotal();
};
const readCalls = async () => {
  const asked = clearings;
  const answer = await ask('/calls?after=' + (open.size > 0 ? Math.min(...open.keys()) - 1 : last));
  if (asked !== clearings) return; // asked before the log was cleared
  if (answer.last < last) throw new Error('another sandbox'); // it was restarted: all is read anew
  last = answer.last;
  answer.calls.forEach(show);
  showTotal();
};
byId('clear-calls').onclick = act(async () => { await ask('/calls', 'DELETE'); clearLog(); });
`;
