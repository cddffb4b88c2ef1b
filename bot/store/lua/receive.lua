-- Store a customer's message and, if the assistant has the floor, make it work.
-- own arguments: message id, message JSON, text for lists, channel, customer id, remind after ms, 1 if the assistant may
--                answer it, and for one that a human must see at once handoff JSON, queue score, reason, then one or two
--                groups of four (see append_all): what the customer hears when a human is called, and when an agent has
--                the conversation. Without the second it is no emergency: who has a human already, or waits for one, is
--                only heard
-- returns {entry id, 1 if it was stored before, owner, 1 if the customer waits and heard nothing for so long,
--          1 if the customer was told what an urgent message brings}
local message_id, message, text, channel, customer_id, remind_after_ms, answerable = unpack(ARGV, own + 1, own + 7)

local unread_kept = 1000

local known = redis.call('HGET', ids, message_id)
if known then
  return { known, 1, redis.call('HGET', conversation, 'owner') or 'assistant', 0, 0 }
end
-- The customer took it back before it came, or what it is an edit of.
local original_id = string.match(message_id, '^(.+)~%d+$')
if redis.call('HEXISTS', marks, 'deleted ' .. message_id) == 1
  or (original_id and redis.call('HEXISTS', marks, 'deleted ' .. original_id) == 1) then
  return { '', 1, redis.call('HGET', conversation, 'owner') or 'assistant', 0, 0 }
end

if redis.call('HSETNX', conversation, 'owner', 'assistant') == 1 then
  redis.call('HSET', conversation, 'channel', channel, 'customer_id', customer_id, 'created_at_ms', now_ms, 'version', 0)
end
local owner = redis.call('HGET', conversation, 'owner')
if owner == 'closed' then
  -- A customer who comes back starts afresh with the assistant.
  owner = 'assistant'
  redis.call('HSET', conversation, 'owner', owner)
  redis.call('HDEL', conversation, 'dialogue', 'handoff', 'agent_name', 'closed_at_ms', 'close_reason')
  redis.call('HINCRBY', conversation, 'version', 1)
end

-- Never the assistant's: a human gets it now, or sees it at once. The same reason again changes and says nothing new.
local handoff, score, reason = ARGV[own + 8], ARGV[own + 9], ARGV[own + 10]
local is_emergency = ARGV[own + 15] ~= nil
if not is_emergency and owner ~= 'assistant' then handoff = nil end
local with_agent = string.sub(owner, 1, 6) == 'agent:'
local silent_ms = now_ms - tonumber(redis.call('HGET', conversation, 'told_at_ms') or '0')
local told = false
if handoff then
  local before = redis.call('HGET', conversation, 'handoff') or ''
  local known = owner ~= 'assistant' and string.find(before, '"reason":"' .. reason .. '"', 1, true) ~= nil
  told = not known or (not with_agent and silent_ms > tonumber(remind_after_ms))
  if not known then
    if reason == 'not_helped' then rate_answer('no') end
    begin_handoff(handoff)
    redis.call('HINCRBY', conversation, 'version', 1)
  end
  if owner == 'assistant' then
    forget_work()
    owner = 'queue'
    redis.call('HSET', conversation, 'owner', owner)
    count('handoffs:' .. reason)
  end
  if is_emergency then count('emergencies:' .. reason) end
  -- LT: only ever forward.
  if not with_agent then redis.call('ZADD', queue, 'LT', score, id) end
end

local entry_id = append(message_id, message, 'customer', text)
count('messages_received:' .. channel)
if owner == 'assistant' and answerable == '1' then
  redis.call('RPUSH', pending, entry_id)
  redis.call('ZADD', due, 'NX', now_ms, id)
  if not redis.call('HGET', conversation, 'work_id') then
    redis.call('HSET', conversation, 'work_id', redis.call('XADD', work, '*', 'conversation_id', id))
  end
end
if owner ~= 'assistant' then
  -- The assistant says nothing, but tells agents what it takes the message for, if it finds the time.
  redis.call('RPUSH', unread, cjson.encode({ conversation_id = id, message_id = message_id }))
  redis.call('LTRIM', unread, -unread_kept, -1)
  happened('message', { entry_id = entry_id, owner = owner })
  -- Whoever put it aside until later is wanted now.
  if redis.call('HDEL', conversation, 'snoozed_until_ms') == 1 then wake() end
end
publish('message', ',"owner":' .. cjson.encode(owner) .. ',"messages":[{"entry_id":"' .. entry_id .. '","message":' .. message .. '}]')
if told then
  local group = own + (with_agent and 15 or 11)
  publish('owner', ',"owner":' .. cjson.encode(owner)
    .. ',"agent_name":' .. cjson.encode(redis.call('HGET', conversation, 'agent_name') or '')
    .. ',"messages":' .. append_all(group, group + 3))
end
keep()
local remind = not told and owner == 'queue' and silent_ms > tonumber(remind_after_ms)
return { entry_id, 0, owner, remind and 1 or 0, told and 1 or 0 }
