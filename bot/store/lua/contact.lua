-- Note what a platform says about a customer, and begin the conversation if there is none.
-- own arguments: field, value, field, value, ...; numbers only grow. Who writes to us may be answered, also when our one
-- private reply to a comment is spent
-- returns the owner
local is_new = redis.call('HSETNX', conversation, 'owner', 'assistant') == 1
if is_new then redis.call('HSET', conversation, 'created_at_ms', now_ms, 'version', 0) end
local acted = false
for at = own + 1, #ARGV, 2 do
  local field, value = ARGV[at], ARGV[at + 1]
  if field == 'opened_at_ms' or field == 'wrote_at_ms' then
    if tonumber(value) > tonumber(redis.call('HGET', conversation, field) or '0') then
      redis.call('HSET', conversation, field, value)
      if field == 'wrote_at_ms' then redis.call('HDEL', conversation, 'private_reply') end
      acted = true
    end
  else
    redis.call('HSET', conversation, field, value)
  end
end
if acted then
  redis.call('HDEL', conversation, 'unreachable')
  try_to_send_now()
end
keep()
return redis.call('HGET', conversation, 'owner')
