-- Takes a share of a budget if it still fits: one step, so that calls side by side cannot both have the rest.
--
-- KEYS  1 what was spent, by slice of the window
-- ARGV  1 amount   2 limit   3 window in milliseconds; amount and limit are whole numbers below 2^53
--
-- Returns 1 if it fitted and is spent now, else 0 and nothing has changed. A slice counts until the last
-- moment that may belong to it has left the window.

local amount, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local slices = 64
local clock = redis.call('TIME')
local width = math.ceil(window / slices)
local current = math.floor((clock[1] * 1000 + math.floor(clock[2] / 1000)) / width)

local spent, old = 0, {}
local entries = redis.call('HGETALL', KEYS[1])
for i = 1, #entries, 2 do
  if tonumber(entries[i]) < current - slices then
    old[#old + 1] = entries[i]
  else
    spent = spent + tonumber(entries[i + 1])
  end
end
if spent + amount > limit then return 0 end

local slice = string.format('%.0f', current)
local sum = tonumber(redis.call('HGET', KEYS[1], slice) or '0') + amount
redis.call('HSET', KEYS[1], slice, string.format('%.0f', sum))
for _, each in ipairs(old) do redis.call('HDEL', KEYS[1], each) end
redis.call('PEXPIRE', KEYS[1], window + 2 * width)
return 1
