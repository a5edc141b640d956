import type { Script } from '../stores/shared.ts';

/**
 * `draw` of allowance.ts, line by line, as one step in Redis; test/limiter/allowances-over-redis.test.ts holds the two together.
 * KEYS: one for each draft. ARGV: the kind, then of each draft its units a minute and its amount, and, in tests only, the moment; else the
 * store's own clock counts. Answers with 1 or 0 for admitted or not, the moment and the balances. What has its whole quota again is gone.
 */
export const allowanceScript: Script = {
  name: 'allowance',
  lua: `
local now = tonumber(ARGV[2 * #KEYS + 2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local MOST_DEBT, GRID = 2, 4096

local function within(balance, quotaMs)
  return math.min(math.max(balance, now), now + (1 + MOST_DEBT) * quotaMs)
end
-- Every bit: what Lua writes by itself ends after 14 digits.
local function text(number) return string.format('%.17g', number) end

local kept = redis.call('MGET', unpack(KEYS))
local isAdmitted, before, after = true, {}, {}
for i = 1, #KEYS do
  local perMinute, amount = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local unitMs = math.floor((60000 / perMinute) * GRID) / GRID
  local quotaMs = perMinute * unitMs
  before[i] = within(tonumber(kept[i] or 0), quotaMs)
  after[i] = within(before[i] + amount * unitMs, quotaMs)
  if ARGV[1] == 'admit' and before[i] - now + unitMs > quotaMs then isAdmitted = false end
end

local told = { isAdmitted and '1' or '0', text(now) }
for i = 1, #KEYS do
  if isAdmitted and tonumber(ARGV[2 * i + 1]) > 0 then
    redis.call('SET', KEYS[i], text(after[i]), 'PX', math.max(1, math.ceil(after[i] - now)))
  end
  told[i + 2] = text(isAdmitted and after[i] or before[i])
end
return table.concat(told, ' ')
`,
};
