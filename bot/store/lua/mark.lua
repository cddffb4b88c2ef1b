-- Note that messages to the customer arrived, were read or failed. A state never goes back.
-- own arguments: state, then message ids
local order = { sent = 1, failed = 2, delivered = 3, read = 4 }
local state = ARGV[own + 1]
local changed = {}
for at = own + 2, #ARGV do
  local known = redis.call('HGET', states, ARGV[at])
  if known and order[state] > order[known] then
    redis.call('HSET', states, ARGV[at], state)
    redis.call('ZREM', outbox, id .. ' ' .. ARGV[at])
    changed[#changed + 1] = ARGV[at]
  end
end
if #changed > 0 then
  count('message_states:' .. channel_of() .. ':' .. state, #changed)
  publish('state', ',"state":"' .. state .. '","message_ids":' .. cjson.encode(changed))
end
return #changed
