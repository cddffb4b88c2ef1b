-- A part of a message was accepted, as the platform's answer or its echo says, whichever comes first.
-- own arguments: attempt id, the platform's id of what it accepted ('' if it gave none), when (ms)
-- returns the message id, or nothing for an attempt that this conversation never made
local attempt, mid, at_ms = unpack(ARGV, own + 1, own + 3)
local of = redis.call('HGET', sends, 'attempt ' .. attempt)
if not of then return nil end
local message_id = string.match(of, '^%S+')
if mid ~= '' then redis.call('HSET', sends, 'mid ' .. mid, of) end
redis.call('HSET', sends, 'at ' .. message_id, at_ms)
if redis.call('HGET', sends, 'attempt') == attempt then
  local parts = redis.call('HINCRBY', sends, 'parts', 1)
  local all = tonumber(redis.call('HGET', sends, 'attempt_parts'))
  local with_it = redis.call('HGET', sends, 'attempt_with') or ''
  redis.call('HDEL', sends, 'attempt', 'attempt_part', 'attempt_parts', 'attempt_at_ms', 'attempt_with', 'tries')
  if parts >= all then
    redis.call('LPOP', to_send)
    redis.call('HDEL', sends, 'parts')
    local sent = { message_id }
    for other_id in string.gmatch(with_it, '%S+') do
      redis.call('LREM', to_send, 1, other_id)
      redis.call('HSET', sends, 'at ' .. other_id, at_ms)
      sent[#sent + 1] = other_id
    end
    publish_states(set_states(sent, 'sent'), 'sent')
  end
  try_to_send_now()
  keep()
end
return message_id
