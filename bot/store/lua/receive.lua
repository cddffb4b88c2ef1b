-- Store a customer's message and, if the assistant has the floor, make it work.
-- own arguments: message id, message JSON, text for lists, channel, customer id, remind after ms
-- returns {entry id, 1 if it was stored before, owner, 1 if the customer waits and heard nothing for so long}
local message_id, message, text, channel, customer_id, remind_after_ms = unpack(ARGV, own + 1, own + 6)

local known = redis.call('HGET', ids, message_id)
if known then
  return { known, 1, redis.call('HGET', conversation, 'owner') or 'assistant', 0 }
end

if redis.call('HSETNX', conversation, 'owner', 'assistant') == 1 then
  redis.call('HSET', conversation, 'channel', channel, 'customer_id', customer_id, 'created_at_ms', now_ms, 'version', 0)
end
local owner = redis.call('HGET', conversation, 'owner')
if owner == 'closed' then
  -- A customer who comes back starts afresh with the assistant.
  owner = 'assistant'
  redis.call('HSET', conversation, 'owner', owner)
  redis.call('HDEL', conversation, 'dialogue', 'handoff', 'agent_name')
  redis.call('HINCRBY', conversation, 'version', 1)
end

local entry_id = append(message_id, message, 'customer', text)
if owner == 'assistant' then
  redis.call('RPUSH', pending, entry_id)
  redis.call('ZADD', due, 'NX', now_ms, id)
  if not redis.call('HGET', conversation, 'work_id') then
    redis.call('HSET', conversation, 'work_id', redis.call('XADD', work, '*', 'conversation_id', id))
  end
end
keep()
publish('message', ',"owner":' .. cjson.encode(owner) .. ',"messages":[{"entry_id":"' .. entry_id .. '","message":' .. message .. '}]')
local told_at_ms = tonumber(redis.call('HGET', conversation, 'told_at_ms') or '0')
local remind = owner == 'queue' and now_ms - told_at_ms > tonumber(remind_after_ms)
return { entry_id, 0, owner, remind and 1 or 0 }
