-- Make a sender the only one that sends for this conversation, and give it the next message.
-- own arguments: sender's token for this claim, lease ms, 1 to claim it from whoever had it
-- returns nothing when nothing is to be sent or another sender has it, else
--         {entry id, message JSON, parts sent, tries, attempt in the air or '', when it began, now (ms), ids of the
--         messages that went out with it}
local token, lease_ms, claiming = ARGV[own + 1], tonumber(ARGV[own + 2]), ARGV[own + 3] == '1'
if claiming then
  redis.call('HSET', sends, 'claim', token)
elseif redis.call('HGET', sends, 'claim') ~= token then
  return nil
end
while true do
  local message_id = redis.call('LINDEX', to_send, 0)
  if not message_id then
    redis.call('ZREM', sending, id)
    redis.call('HDEL', sends, 'claim')
    return nil
  end
  local entry_id = redis.call('HGET', ids, message_id)
  local entry = entry_id and redis.call('XRANGE', log, entry_id, entry_id)[1]
  if entry then
    redis.call('ZADD', sending, now_ms + lease_ms, id)
    keep()
    local now = redis.call('HMGET', sends, 'parts', 'tries', 'attempt', 'attempt_at_ms', 'attempt_with')
    return { entry_id, entry[2][2], now[1] or '0', now[2] or '0', now[3] or '', now[4] or '0', now_ms,
      now[5] or '' }
  end
  redis.call('LPOP', to_send)
end
