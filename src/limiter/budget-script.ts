import type { Script } from '../stores/shared.ts';

/**
 * `applyStep` of budget-step.ts, line by line, as one step in Redis; test/limiter/script.test.ts holds the two together.
 * KEYS: the budget, the members, the epoch. ARGV: Asking, Step and, in tests only, the moment; else the store's own clock counts.
 */
export const budgetScript: Script = {
  name: 'budget',
  lua: `
local asking, step = cjson.decode(ARGV[1]), cjson.decode(ARGV[2])
local now = tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local DAY, UNKNOWN_DAY = 86400000, 3600000

local function size(map)
  local count = 0
  for _ in pairs(map) do count = count + 1 end
  return count
end
local function has(value) return value ~= nil and value ~= cjson.null end
local function inUse(s) return size(s.flying) + #s.answered end

local function thaw(s)
  local flying, answered = {}, {}
  local function landed(at)
    if at > now then at = now end
    if at + s.windowMs > now then answered[#answered + 1] = at end
  end
  for _, at in ipairs(s.answered) do landed(at) end
  for id, untilMs in pairs(s.flying) do
    if untilMs > now then flying[id] = untilMs else landed(untilMs) end
  end
  table.sort(answered)
  s.flying, s.answered = flying, answered
  if s.dayEndsAt ~= 0 and now >= s.dayEndsAt then
    s.isProbing = s.isProbing or s.spentToday >= s.dailyLimit
    s.spentToday, s.rememberedToday, s.dayEndsAt, s.dayStartedAt = 0, 0, 0, now
  end
end

local function mostSinceBlock(s)
  local since = now - s.blockedUntil
  if since < 0 then return 0 end
  if since >= s.windowMs then return math.huge end
  return math.max(1, math.floor((s.limit * since) / s.windowMs))
end
local function sinceBlock(s)
  if now < s.blockedUntil then return 0 end
  local count = size(s.flying)
  for _, at in ipairs(s.answered) do
    if at >= s.blockedUntil then count = count + 1 end
  end
  return count
end
local function reserved(limit) return math.floor((limit * step.reservePercent) / 100) end

local raw = redis.call('GET', KEYS[1])
local s = raw and cjson.decode(raw) or {
  limit = asking.options.burst.limit, windowMs = asking.options.burst.windowMs, flying = {}, answered = {},
  blockedUntil = 0, dailyLimit = asking.options.dailyLimit, spentToday = 0, rememberedToday = 0, dayEndsAt = 0, dayStartedAt = 0,
  isProbing = false, observedAt = 0,
}
s.rememberedToday = s.rememberedToday or 0 -- written by a version that did not know it
thaw(s)

redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - asking.presenceMs)
local askedAt = has(asking.askedAt) and math.min(now, asking.askedAt) or now
local isInTime = askedAt > now - asking.presenceMs
if step.kind == 'greet' then redis.call('SET', KEYS[3], step.newEpoch .. ' ' .. string.format('%.0f', now), 'NX') end
local life, bornAt = string.match(redis.call('GET', KEYS[3]) or '', '^(%S+) (%S+)$')
local isEntering = step.kind == 'enter' and isInTime and step.epoch == (life or cjson.null)
local isMember = isEntering or redis.call('ZSCORE', KEYS[2], asking.member)
local isCounting = isInTime and (step.kind == 'enter' or step.kind == 'beat' or step.kind == 'take')
if isMember and isCounting then redis.call('ZADD', KEYS[2], askedAt, asking.member) end
local present = redis.call('ZCARD', KEYS[2])
local quietUntil = 0
if life and bornAt ~= '0' then
  if present >= asking.replicas then redis.call('SET', KEYS[3], life .. ' 0')
  else quietUntil = asking.quietMs + tonumber(bornAt) end
end

local function take()
  if now < quietUntil then return 'none' end
  local withheld, withheldToday = 0, 0
  if present < asking.replicas then
    withheld = s.limit - present * math.floor(s.limit / asking.replicas)
    withheldToday = s.limit * (asking.replicas - present)
  end
  local isDayLeft
  if s.isProbing then isDayLeft = inUse(s) == 0
  else isDayLeft = s.spentToday + reserved(s.dailyLimit) + withheldToday < s.dailyLimit end
  local needed = 1 + reserved(s.limit) + withheld
  local isFree = inUse(s) + needed <= s.limit and sinceBlock(s) + 1 <= mostSinceBlock(s)
  if not isFree or not isDayLeft then return 'none' end
  s.flying[step.id] = now + step.flyingForMs
  s.spentToday = s.spentToday + 1
  if s.dayEndsAt == 0 then s.dayEndsAt = now + DAY end
  return 'granted'
end

local function correct(told, isRefused)
  if has(told.burst.limit) then s.limit = told.burst.limit end
  if has(told.burst.windowMs) then s.windowMs = told.burst.windowMs end
  if has(told.burst.remaining) then
    for _ = 1, s.limit - inUse(s) - told.burst.remaining do s.answered[#s.answered + 1] = now end
  end
  if told.isCounted then s.observedAt = now end
  if step.takenAt < s.dayStartedAt then return end
  local day, spent = told.daily, s.spentToday
  if has(day.limit) then s.dailyLimit = day.limit end
  local toldToday = has(day.remaining) and s.dailyLimit - day.remaining or 0
  s.spentToday, s.rememberedToday = math.max(spent, toldToday), math.max(s.rememberedToday, toldToday)
  local isUsedUp = day.remaining == 0
  local assumed = s.dayEndsAt == 0 and now + DAY or s.dayEndsAt
  if isUsedUp and spent < s.dailyLimit then assumed = math.min(assumed, now + UNKNOWN_DAY) end
  s.dayEndsAt = has(day.resetMs) and now + day.resetMs or assumed
  s.isProbing = s.isProbing and isRefused and not has(day.remaining)
end

local function settle()
  s.flying[step.id] = nil
  s.answered[#s.answered + 1] = now
  if has(step.feedback) then correct(step.feedback, has(step.blockedMs)) end
  if has(step.blockedMs) then s.blockedUntil = math.max(s.blockedUntil, now + math.min(step.blockedMs, DAY)) end
end

local function adopt()
  for id, ms in pairs(step.flyingForMs) do
    if not s.flying[id] then s.flying[id] = now + ms end
  end
  for _, ms in ipairs(step.answeredAgoMs) do s.answered[#s.answered + 1] = now - ms end
  if step.blockedForMs > 0 then s.blockedUntil = math.max(s.blockedUntil, now + step.blockedForMs) end
  local remembered = math.max(s.rememberedToday, step.remembered)
  s.spentToday = s.spentToday + step.spent + remembered - s.rememberedToday
  s.rememberedToday = remembered
  if has(step.dayEndsInMs) then
    local endsAt = now + math.max(0, step.dayEndsInMs)
    s.dayEndsAt = s.dayEndsAt == 0 and endsAt or math.min(s.dayEndsAt, endsAt)
  end
  thaw(s)
end

local verdict = 'done'
if not isMember and (step.kind == 'take' or step.kind == 'beat' or step.kind == 'enter') then verdict = 'stranger'
elseif step.kind == 'take' then verdict = take()
elseif step.kind == 'settle' then settle()
elseif step.kind == 'giveBack' then
  if s.flying[step.id] then
    s.flying[step.id] = nil
    s.spentToday = math.max(0, s.spentToday - 1)
  end
elseif step.kind == 'adopt' then adopt()
end

if step.kind ~= 'enter' and step.kind ~= 'beat' and step.kind ~= 'look' and step.kind ~= 'greet' then
  redis.call('SET', KEYS[1], cjson.encode(s), 'PX', math.max(2 * s.windowMs, s.dayEndsAt - now, s.blockedUntil - now) + 60000)
end
return cjson.encode({ verdict = verdict, present = present, epoch = life or cjson.null, quietUntil = quietUntil, now = now, state = s })
`,
};
