-- Whose session it is. It ends when it was not used for too long, and at its end in any case.
-- KEYS: session. ARGV: how long it may be idle (ms), 1 if somebody uses it now.
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return false end
local session = redis.call('HMGET', KEYS[1], 'account_id', 'seen_at_ms', 'ends_at_ms')
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local idle_ms = tonumber(ARGV[1])
-- Not at each request: that would be a write for each.
if ARGV[2] == '1' and now_ms - session[2] > math.min(30000, idle_ms / 10) then
  redis.call('HSET', KEYS[1], 'seen_at_ms', string.format('%.0f', now_ms))
  redis.call('PEXPIRE', KEYS[1], math.max(1, math.floor(math.min(idle_ms, session[3] - now_ms))))
end
return session[1]
