-- Stop for now: the same message is tried again after a while.
-- own arguments: token, after how many ms, 1 if the attempt surely did not arrive, 1 if that counts as a try
-- returns 1, or 0 when another sender has the conversation
local token, delay_ms, refused = ARGV[own + 1], tonumber(ARGV[own + 2]), ARGV[own + 3] == '1'
if redis.call('HGET', sends, 'claim') ~= token then return 0 end
if refused then
  if ARGV[own + 4] == '1' then redis.call('HINCRBY', sends, 'tries', 1) end
  redis.call('HDEL', sends, 'attempt', 'attempt_part', 'attempt_parts', 'attempt_at_ms', 'attempt_with')
end
redis.call('HDEL', sends, 'claim')
redis.call('ZADD', sending, now_ms + delay_ms, id)
return 1
