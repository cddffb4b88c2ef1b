-- Count an attempt, unless a limit is reached. Counted before it is looked at, so that ten at once are ten.
-- KEYS: a counter for each limit, then what counts attempts in a row. ARGV: amount and seconds of each limit;
-- attempts in a row that are free, first and longest wait (s), how long they are remembered (s).
-- Answers how long to wait (ms); 0: it is counted, go on.
local limits = #KEYS - 1
local row = KEYS[#KEYS]
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

local wait_ms = 0
for i = 1, limits do
  if tonumber(redis.call('GET', KEYS[i]) or 0) >= tonumber(ARGV[2 * i - 1]) then
    wait_ms = math.max(wait_ms, redis.call('PTTL', KEYS[i]), 1)
  end
end
local next_at_ms = tonumber(redis.call('HGET', row, 'next_at_ms') or 0)
wait_ms = math.max(wait_ms, next_at_ms - now_ms)
if wait_ms > 0 then return wait_ms end

for i = 1, limits do
  if redis.call('INCR', KEYS[i]) == 1 then redis.call('EXPIRE', KEYS[i], ARGV[2 * i]) end
end
local count = redis.call('HINCRBY', row, 'count', 1)
local free, first_s, longest_s = unpack(ARGV, 2 * limits + 1, 2 * limits + 3)
local beyond = count - tonumber(free)
if beyond >= 0 then
  -- Each wait is twice the one before.
  local delay_ms = 1000 * math.min(longest_s, first_s * 2 ^ math.min(beyond, 30))
  redis.call('HSET', row, 'next_at_ms', string.format('%.0f', now_ms + delay_ms))
end
redis.call('EXPIRE', row, ARGV[2 * limits + 4])
return 0
