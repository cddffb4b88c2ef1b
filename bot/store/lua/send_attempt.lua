-- Note that a part of a message is about to go out, before it does: after a crash it may or may not have gone.
-- own arguments: token, message id, part (from 0), of how many, attempt id, then ids of messages that go out with it
-- returns 1, or 0 when another sender has the conversation or the message is not the next one any more
local token, message_id, part, parts, attempt = unpack(ARGV, own + 1, own + 5)
if redis.call('HGET', sends, 'claim') ~= token
  or redis.call('LINDEX', to_send, 0) ~= message_id
  or (redis.call('HGET', sends, 'parts') or '0') ~= part then
  return 0
end
redis.call('HSET', sends, 'attempt', attempt, 'attempt_part', part, 'attempt_parts', parts, 'attempt_at_ms', now_ms,
  'attempt ' .. attempt, message_id .. ' ' .. part .. ' ' .. parts, 'attempt_with', table.concat(ARGV, ' ', own + 6))
return 1
