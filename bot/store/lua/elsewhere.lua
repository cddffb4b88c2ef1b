-- Somebody answers the customer in the platform's own inbox: the assistant has nothing to say any more.
-- own arguments: when (ms of the platform), id of the app that has the thread ('' leaves what is known), new owner, its
--                name, 1 if that makes it the owner's when it is the assistant's, in the queue or closed, and perhaps
--                a group of four: what they said (see append_all)
-- returns {1 if something was new, owner}
local at_ms, control, new_owner, name, takes = unpack(ARGV, own + 1, own + 5)
local message_id, message, text = ARGV[own + 6], ARGV[own + 7], ARGV[own + 9]
local owner = redis.call('HGET', conversation, 'owner')
if not owner then return { 0, '' } end
local stored, is_new = '', false

if message_id and redis.call('HEXISTS', ids, message_id) == 0 then
  local entry_id = append(message_id, message, 'agent', text)
  redis.call('HSET', states, message_id, 'sent')
  redis.call('HSET', sends, 'mid ' .. message_id, message_id .. ' 0', 'at ' .. message_id, at_ms)
  redis.call('HSET', conversation, 'told_at_ms', now_ms)
  count('messages_to_customers:' .. channel_of() .. ':elsewhere')
  stored, is_new = '{"entry_id":"' .. entry_id .. '","message":' .. message .. '}', true
end

-- What happened before the last change of hands came late, and says nothing about who has the thread now.
if tonumber(at_ms) >= tonumber(redis.call('HGET', conversation, 'control_at_ms') or '0') then
  if control ~= '' then redis.call('HSET', conversation, 'control', control, 'control_at_ms', at_ms) end
  if takes == '1' and string.sub(owner, 1, 6) ~= 'agent:' then
    forget_work()
    -- What the assistant had to say and was not sent yet comes too late.
    for _, waiting_id in ipairs(redis.call('LRANGE', to_send, 0, -1)) do
      local place = redis.call('HGET', ids, waiting_id)
      local entry = place and redis.call('XRANGE', log, place, place)[1]
      local in_the_air = waiting_id == redis.call('LINDEX', to_send, 0) and redis.call('HEXISTS', sends, 'attempt') == 1
      if entry and not in_the_air and cjson.decode(entry[2][2]).sender ~= 'agent' then
        redis.call('LREM', to_send, 1, waiting_id)
        redis.call('HSET', marks, 'problem ' .. waiting_id, 'other_owner')
        publish_states(set_states({ waiting_id }, 'failed'), 'failed')
      end
    end
    redis.call('HSET', conversation, 'owner', new_owner, 'agent_name', name)
    redis.call('HDEL', conversation, 'dialogue')
    redis.call('ZREM', queue, id)
    redis.call('ZADD', claimed, now_ms, id)
    redis.call('HINCRBY', conversation, 'version', 1)
    count('owner_changes:elsewhere')
    owner, is_new = new_owner, true
  end
end
keep()
if is_new then
  publish('owner', ',"owner":' .. cjson.encode(owner)
    .. ',"agent_name":' .. cjson.encode(redis.call('HGET', conversation, 'agent_name') or '')
    .. ',"messages":[' .. stored .. ']')
end
return { is_new and 1 or 0, owner }
