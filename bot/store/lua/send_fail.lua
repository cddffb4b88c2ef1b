-- The message can't be sent: it fails where agents see it, with the reason, and the next one has its turn.
-- own arguments: token, message id, problem, 1 if the customer can't be reached until they act
-- returns 1, or 0 when another sender has the conversation or the message is not the next one any more
local token, message_id, problem, unreachable = unpack(ARGV, own + 1, own + 4)
if redis.call('HGET', sends, 'claim') ~= token or redis.call('LINDEX', to_send, 0) ~= message_id then return 0 end
redis.call('LPOP', to_send)
redis.call('HDEL', sends, 'attempt', 'attempt_part', 'attempt_parts', 'attempt_at_ms', 'attempt_with', 'tries', 'parts')
redis.call('HSET', marks, 'problem ' .. message_id, problem)
if unreachable == '1' then redis.call('HSET', conversation, 'unreachable', problem) end
publish_states(set_states({ message_id }, 'failed'), 'failed')
count('messages_not_sent:' .. channel_of() .. ':' .. problem)
keep()
return 1
