-- Takes one use of a grant for one hold, once: in one step, so that calls side by side cannot both have the last.
--
-- KEYS  1 the grant   2 the holds decided by it   3 the kill switch
-- ARGV  1 id of the hold   2 most uses   3 milliseconds until all of it is forgotten
--
-- Returns `done`, or what forbids it: `killed`, `gone`, `revoked`, `again` (that hold has had its use), `spent`.

if redis.call('EXISTS', KEYS[3]) == 1 then return 'killed' end
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
if redis.call('HEXISTS', KEYS[1], 'revoked') == 1 then return 'revoked' end
if redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 1 then return 'again' end
if redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[2]) then return 'spent' end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 'done'
