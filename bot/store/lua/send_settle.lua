-- A part of a message was accepted, as the platform's answer or its echo says, whichever comes first.
-- own arguments: attempt id, the platform's id of what it accepted ('' if it gave none), when (ms), 1 if that is by the
--                platform's clock
-- returns the message id, or nothing for an attempt that this conversation never made
local attempt, mid, at_ms, is_platforms = unpack(ARGV, own + 1, own + 4)
local of = redis.call('HGET', sends, 'attempt ' .. attempt)
if not of then return nil end
-- A version before noted no number of parts.
local message_id, part, all = string.match(of, '^(%S+) (%d+) ?(%d*)$')
if mid ~= '' then redis.call('HSET', sends, 'mid ' .. mid, message_id .. ' ' .. part) end
local is_current = redis.call('HGET', sends, 'attempt') == attempt
-- Meta may say no to what it sends all the same. The customer has it, so it must not go out again.
local is_next = all ~= '' and redis.call('LINDEX', to_send, 0) == message_id
  and (redis.call('HGET', sends, 'parts') or '0') == part
-- Meta tells by its own clock what was read: an answer that comes after the echo changes nothing.
if is_current or is_next or is_platforms == '1' then redis.call('HSET', sends, 'at ' .. message_id, at_ms) end
if is_current or is_next then
  local parts = redis.call('HINCRBY', sends, 'parts', 1)
  all = tonumber(all) or tonumber(redis.call('HGET', sends, 'attempt_parts'))
  local with_it = is_current and redis.call('HGET', sends, 'attempt_with') or ''
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
