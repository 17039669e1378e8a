-- The only writer of holds: one compare-and-set for every step of a hold's life.
--
-- KEYS  1 the hold   2 index of all holds   3 deadlines   4 approved and unclaimed   5 fingerprint   6 kill switch
--       7 times of the agent's new holds   8 the agent's quarantine (both only for a new hold)
--       9 unknown outcomes   10 what has not ended   11 the log of changes
--       12 the hold that a new one takes the place of, else the hold itself   13 open drills
-- ARGV  1 the change as JSON   2... field, value pairs to set (binary safe)
--
-- The change: id; from (list of states, empty: the hold must not exist yet); to (absent: the state stays);
-- unended (whether what is in that state may still change);
-- fence (absent: not compared); bump (next fence); digest (absent: not compared); alive (time fields that
-- must lie ahead); past (time fields that must lie behind, where they are); same (field -> the value that it
-- must have, empty for none); due (the deadline must have passed); unkilled (the kill switch must be off); unless (a
-- field that must not be set yet); times (field -> milliseconds from now); deadline (time field that is the
-- next deadline, absent: none); sooner (a time field that is it while it lies ahead); event (the
-- step's name, for whoever follows the log); attempt (count one more; a fingerprint whose hold is gone is freed);
-- release (forget the fingerprint); flood (for a new hold: most, within and quarantine in milliseconds);
-- instead (for a new hold that takes the place of a pending one: the `id`, `digest` and state `to` of that,
-- `contents` in milliseconds; it has its fingerprint, and is in no flood);
-- drills (for a new drill: how many may be open, which is in no flood either);
-- erase (fields to delete, after which its time of keeping goes on as it was);
-- keep (milliseconds until all of it is forgotten); log (about how many changes the log has room for).
--
-- Returns {outcome, now, fields...}: outcome is `done`, `again` (this very step was made before),
-- `missing`, `enough` (so many drills are open), `taken` (the fingerprint belongs to the hold in the third
-- place), `flooded` (the agent is in quarantine), or what forbids the step.
-- Every outcome but `done` has changed nothing, except that freed fingerprint and the quarantine's begin.

-- A full server refuses a script's first write and none after it, so nothing is written before the first
-- field of the hold itself.

local change = cjson.decode(ARGV[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function owns_fingerprint()
  return redis.call('GET', KEYS[5]) == change.id
end

local sealed = {sealed = true, answer = true, snapshot = true, drift = true, reasoning = true, edit = true, talk = true}

local function answer(outcome)
  local reply = {outcome, tostring(now)}
  local fields = redis.call('HGETALL', KEYS[1])
  for i = 1, #fields, 2 do
    if not sealed[fields[i]] then
      reply[#reply + 1] = fields[i]
      reply[#reply + 1] = fields[i + 1]
    end
  end
  return reply
end

local function field(name)
  return redis.call('HGET', KEYS[1], name)
end

local state = field('state')
local was = state or ''

if #change.from == 0 then
  if state then return answer('exists') end
  local owner = redis.call('GET', KEYS[5])
  local old = change.instead
  if old then
    local was = redis.call('HMGET', KEYS[12], 'state', 'digest', 'decide_by')
    if was[1] ~= 'pending' or owner ~= old.id then return {'state', tostring(now)} end
    if was[2] ~= old.digest then return {'digest', tostring(now)} end
    if tonumber(was[3]) <= now then return {'late', tostring(now)} end
  elseif owner then
    return {'taken', tostring(now), owner}
  end
  local flood = not old and change.flood
  if flood and redis.call('EXISTS', KEYS[8]) == 1 then return {'flooded', tostring(now)} end
  if flood and redis.call('ZCOUNT', KEYS[7], now - flood.within, '+inf') >= flood.most then
    redis.call('SET', KEYS[8], now, 'PX', flood.quarantine)
    return {'flooded', tostring(now), 'begins'}
  end
  if change.drills and redis.call('ZCARD', KEYS[13]) >= change.drills then return {'enough', tostring(now)} end
else
  if not state then
    -- Here, and not by its reader: meanwhile it could belong to the next hold.
    if change.attempt and owns_fingerprint() then redis.call('DEL', KEYS[5]) end
    return {'missing', tostring(now)}
  end
  local fenced = change.fence and tonumber(field('fence')) ~= change.fence
  if fenced then return answer('fence') end
  local allowed = false
  for _, from in ipairs(change.from) do allowed = allowed or from == state end
  if not allowed then
    -- A step that takes a lease is never repeated: whoever finds it made has met somebody else's.
    if change.fence and change.to == state and not change.unkilled then return answer('again') end
    return answer('state')
  end
end

-- INVARIANT: a drill never runs. The action that is sealed in it says so as well, which the replayer reads.
local runs = change.to == 'approved' or change.to == 'claimed' or change.to == 'sending'
if runs and field('drill') then return answer('drill') end
if change.unkilled and redis.call('EXISTS', KEYS[6]) == 1 then return answer('killed') end
if change.unless and field(change.unless) then return answer('set') end
if change.digest and field('digest') ~= change.digest then return answer('digest') end
for _, name in ipairs(change.alive or {}) do
  if tonumber(field(name) or '0') <= now then return answer('late') end
end
for _, name in ipairs(change.past or {}) do
  if tonumber(field(name) or '0') > now then return answer('grace') end
end
for name, value in pairs(change.same or {}) do
  if (field(name) or '') ~= value then return answer('moved') end
end
if change.due then
  local deadline = redis.call('ZSCORE', KEYS[3], change.id)
  if not deadline or tonumber(deadline) > now then return answer('early') end
end

for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for name, offset in pairs(change.times or {}) do
  redis.call('HSET', KEYS[1], name, string.format('%.0f', now + offset))
end
for _, name in ipairs(change.erase or {}) do redis.call('HDEL', KEYS[1], name) end
if change.to then redis.call('HSET', KEYS[1], 'state', change.to) end
if change.bump then redis.call('HINCRBY', KEYS[1], 'fence', 1) end
if change.attempt then redis.call('HINCRBY', KEYS[1], 'attempts', 1) end

if #change.from == 0 then
  redis.call('ZADD', KEYS[2], now, change.id)
  redis.call('SET', KEYS[5], change.id)
end
if #change.from == 0 and change.flood then
  redis.call('ZADD', KEYS[7], now, change.id)
  redis.call('ZREMRANGEBYSCORE', KEYS[7], '-inf', '(' .. now - change.flood.within)
  redis.call('PEXPIRE', KEYS[7], change.flood.within)
end
if change.instead then
  local old = change.instead
  local ends = string.format('%.0f', now + old.contents)
  redis.call('HSET', KEYS[12], 'state', old.to, 'superseded_by', change.id, 'shred_at', ends)
  redis.call('ZADD', KEYS[3], ends, old.id)
  redis.call('PEXPIRE', KEYS[12], change.keep)
  redis.call('ZREM', KEYS[10], old.id)
  redis.call('XADD', KEYS[11], 'MAXLEN', '~', change.log, '*', 'hold', old.id, 'state', old.to,
    'was', 'pending', 'attempts', redis.call('HGET', KEYS[12], 'attempts') or '1')
  redis.call('PUBLISH', KEYS[2], old.id)
end
if change.release and owns_fingerprint() then redis.call('DEL', KEYS[5]) end

state = field('state')
if change.deadline then
  local first = change.sooner and tonumber(field(change.sooner) or '0') or 0
  redis.call('ZADD', KEYS[3], first > now and field(change.sooner) or field(change.deadline), change.id)
elseif change.to then
  redis.call('ZREM', KEYS[3], change.id)
end
if change.unended then
  redis.call('ZADD', KEYS[10], 'NX', now, change.id)
elseif change.to then
  redis.call('ZREM', KEYS[10], change.id)
end
if change.unended and field('drill') then
  redis.call('ZADD', KEYS[13], 'NX', now, change.id)
elseif change.to then
  redis.call('ZREM', KEYS[13], change.id)
end
if state == 'approved' then
  redis.call('ZADD', KEYS[4], 'NX', now, change.id)
else
  redis.call('ZREM', KEYS[4], change.id)
end
if state == 'outcome_unknown' then
  redis.call('ZADD', KEYS[9], 'NX', now, change.id)
else
  redis.call('ZREM', KEYS[9], change.id)
end
if not change.erase then
  -- A rule may give people longer than anything is kept otherwise; a day later it has expired for certain.
  local keep = math.max(change.keep, tonumber(field('decide_by') or '0') - now + 86400000)
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', keep))
  if owns_fingerprint() then redis.call('PEXPIRE', KEYS[5], string.format('%.0f', keep)) end
  -- A renewed lease says nothing new about the hold.
  if change.to or not change.fence then
    redis.call('XADD', KEYS[11], 'MAXLEN', '~', change.log, '*',
      'hold', change.id, 'state', state, 'was', was, 'attempts', field('attempts'), 'event', change.event or '')
    redis.call('PEXPIRE', KEYS[11], change.keep)
  end
end
redis.call('PUBLISH', KEYS[2], change.id)
return answer('done')
