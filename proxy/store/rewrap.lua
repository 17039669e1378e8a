-- The one change of a hold that is no step of its life: its data key under another wrapping.
--
-- KEYS  1 the hold
-- ARGV  1 the wrapping that is replaced (empty: there is none yet)   2 the new one
--
-- Returns `done`, `missing`, `changed` (it has another wrapping by now), or `busy` (a worker holds it whose
-- answer will be sealed as the hold was when it was claimed). Its time of keeping stays as it is.

local state = redis.call('HGET', KEYS[1], 'state')
if not state then return 'missing' end
if (redis.call('HGET', KEYS[1], 'key') or '') ~= ARGV[1] then return 'changed' end
if ARGV[1] == '' and (state == 'claimed' or state == 'sending') then return 'busy' end
redis.call('HSET', KEYS[1], 'key', ARGV[2])
return 'done'
