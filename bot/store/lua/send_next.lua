-- The conversation that has waited longest for a sender; until its lease ends no other sender gets it.
-- KEYS: sending. ARGV: lease ms
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now_ms, 'LIMIT', 0, 1)[1]
if not found then return nil end
redis.call('ZADD', KEYS[1], now_ms + tonumber(ARGV[1]), found)
return found
