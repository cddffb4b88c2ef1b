-- What became of messages to the customer. A state never goes back; `sent` has not arrived yet.
local state_order = { waiting = 0, sent = 1, failed = 2, delivered = 3, read = 4 }
local function set_states(message_ids, state)
  local changed = {}
  for _, message_id in ipairs(message_ids) do
    local known = redis.call('HGET', states, message_id)
    if known and state_order[state] > state_order[known] then
      redis.call('HSET', states, message_id, state)
      if state ~= 'sent' then redis.call('ZREM', outbox, id .. ' ' .. message_id) end
      changed[#changed + 1] = message_id
    end
  end
  return changed
end

local function publish(kind, fields)
  redis.call('PUBLISH', events,
    '{"type":"' .. kind .. '","conversation_id":' .. cjson.encode(id) .. fields .. '}')
end

local function publish_states(changed, state)
  if #changed == 0 then return end
  count('message_states:' .. channel_of() .. ':' .. state, #changed)
  publish('state', ',"state":"' .. state .. '","message_ids":' .. cjson.encode(changed))
end

-- What waits to be sent fails with this problem, but for what is in the air. Unless `all`, what an agent said stays, and
-- what a customer in danger must read.
local function give_up_waiting(problem, all)
  local reason = reason_of(redis.call('HGET', conversation, 'handoff') or '')
  local is_emergency = reason == 'self_harm' or reason == 'emergency'
  local is_attempted = redis.call('HEXISTS', sends, 'attempt') == 1
  local with_it = ' ' .. (redis.call('HGET', sends, 'attempt_with') or '') .. ' '
  for place, message_id in ipairs(redis.call('LRANGE', to_send, 0, -1)) do
    local in_the_air = is_attempted
      and (place == 1 or string.find(with_it, ' ' .. message_id .. ' ', 1, true) ~= nil)
    local entry_id = redis.call('HGET', ids, message_id)
    local entry = entry_id and redis.call('XRANGE', log, entry_id, entry_id)[1]
    local goes = entry and (all or not is_emergency and cjson.decode(entry[2][2]).sender ~= 'agent')
    if goes and not in_the_air then
      redis.call('LREM', to_send, 1, message_id)
      if place == 1 then redis.call('HDEL', sends, 'parts', 'tries') end
      redis.call('HSET', marks, 'problem ' .. message_id, problem)
      publish_states(set_states({ message_id }, 'failed'), 'failed')
    end
  end
end
