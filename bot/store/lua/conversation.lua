-- What every script on a conversation shares. The client sends this file in front of each of them.
-- KEYS[1..9] are those of the conversation, KEYS[10..18] those of all, in the order of conversations.py `script_keys`;
-- a script's own keys come behind them.
local conversation, log, ids = KEYS[1], KEYS[2], KEYS[3]
local pending, nlu, states = KEYS[4], KEYS[5], KEYS[6]
local to_send, sends, marks = KEYS[7], KEYS[8], KEYS[9]
local work, due, queue, claimed, outbox, active = KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local figures, sending, media = KEYS[16], KEYS[17], KEYS[18]
local id, lifetime_s, events = ARGV[1], ARGV[2], ARGV[3]
-- A script's own arguments come behind these three.
local own = 3

-- Redis's clock, so that a jump of one machine's clock reorders nothing.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

-- What happened, counted in the same step: exact through crashes, and a repeat counts nothing. A figure is named after
-- its metric, `<metric>:<label>:...`; labels are words of our own, never a customer's.
local function count(figure, by)
  redis.call('HINCRBY', figures, figure, by or 1)
end

local function channel_of()
  return redis.call('HGET', conversation, 'channel') or 'unknown'
end

-- Why a human is needed, of a handoff's JSON. It is its first field: nothing of the customer's stands before it.
local function reason_of(handoff)
  return string.match(handoff, '^{"reason":"([%w_]+)"') or 'unknown'
end

-- The assistant's turn on the message in `entry_id`: what became of it, and how long the customer waited.
local answer_bounds_ms = { 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000 }
local function count_turn(entry_id, nlu_json, handoff)
  local outcome = string.match(nlu_json, '^{"outcome":"([%w_]+)"') or 'unknown'
  if handoff ~= '' then
    outcome = 'human'
    count('handoffs:' .. reason_of(handoff))
  end
  count('turns:' .. outcome)
  local waited_ms = math.max(0, now_ms - tonumber(string.match(entry_id, '^%d+')))
  local within = 'inf'
  for _, bound_ms in ipairs(answer_bounds_ms) do
    if waited_ms <= bound_ms then
      within = bound_ms
      break
    end
  end
  count('answer_ms:' .. within)
  count('answer_ms:sum', waited_ms)
end

-- Whether a message of a customer is what became of an edit of another one.
local function is_edit_of(message_id, original_id)
  local length = #original_id
  return string.sub(message_id, 1, length) == original_id and string.find(message_id, '^~%d+$', length + 1) ~= nil
end

-- A message that is to be shown: its place in the log, and what lists show of the conversation. What came with it is to
-- be fetched. Inside a text a quote has a backslash in front, so that no text looks like attachments.
local function append(message_id, message, sender, text)
  local entry_id = redis.call('XADD', log, '*', 'message', message)
  if string.find(message, '"attachments":[{', 1, true) then redis.call('ZADD', media, now_ms, id .. ' ' .. message_id) end
  redis.call('HSET', ids, message_id, entry_id)
  -- Two in one millisecond have two times: by it one sees whether anything was said since.
  local before_ms, at_ms = tonumber(redis.call('HGET', conversation, 'last_at_ms') or '0'), now_ms
  if before_ms >= now_ms and before_ms < now_ms + 1000 then at_ms = before_ms + 1 end
  redis.call('HSET', conversation, 'last_at_ms', at_ms, 'last_sender', sender, 'last_text', text)
  if sender == 'customer' then redis.call('HSET', conversation, 'last_customer_text', text) end
  redis.call('ZADD', active, now_ms, id)
  return entry_id
end

-- A note is for agents only. It has a place in the log, and changes nothing of what the customer has or waits for.
local function append_note(message_id, message)
  redis.call('HSET', ids, message_id, redis.call('XADD', log, '*', 'message', message))
end

-- Whether what is said to the customer is sent to a platform, which can refuse it, rather than fetched by the customer.
local function is_on_platform()
  return redis.call('HEXISTS', conversation, 'page_id') == 1
end

-- Something happened that may let through what waits to be sent. A sender that is at it goes on.
local function try_to_send_now()
  if redis.call('EXISTS', to_send) == 1 and redis.call('HEXISTS', sends, 'claim') == 0 then
    redis.call('ZADD', sending, now_ms, id)
  end
end

-- A message to the customer waits in the outbox until its channel says that it arrived. On a platform it is in line to
-- be sent first; a conversation that waits before it is tried again keeps that time.
local function append_outgoing(message_id, message, sender, text)
  local entry_id = append(message_id, message, sender, text)
  if is_on_platform() then
    redis.call('HSET', states, message_id, 'waiting')
    redis.call('RPUSH', to_send, message_id)
    redis.call('ZADD', sending, 'NX', now_ms, id)
  else
    redis.call('HSET', states, message_id, 'sent')
  end
  redis.call('ZADD', outbox, now_ms, id .. ' ' .. message_id)
  redis.call('HSET', conversation, 'told_at_ms', now_ms)
  count('messages_to_customers:' .. channel_of() .. ':' .. sender)
  return entry_id
end

-- Arguments come in groups of four from `from` to `last` (all without it): message id, JSON, sender, text for lists.
-- Returns JSON of those that the customer may read, each with its place in the log.
local function append_all(from, last)
  local stored = {}
  for at = from, last or #ARGV, 4 do
    if ARGV[at + 2] == 'note' then
      append_note(ARGV[at], ARGV[at + 1])
    else
      local entry_id = append_outgoing(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
      stored[#stored + 1] = '{"entry_id":"' .. entry_id .. '","message":' .. ARGV[at + 1] .. '}'
    end
  end
  return '[' .. table.concat(stored, ',') .. ']'
end

-- Whether the assistant has let a message wait since before then; '' asks for nothing.
local function waits_since(before_ms)
  if before_ms == '' then return true end
  local since_ms = redis.call('ZSCORE', due, id)
  return since_ms and tonumber(since_ms) <= tonumber(before_ms)
end

local function forget_work()
  redis.call('DEL', pending)
  redis.call('ZREM', due, id)
  local work_id = redis.call('HGET', conversation, 'work_id')
  if work_id then
    redis.call('XACK', work, 'assistants', work_id)
    redis.call('XDEL', work, work_id)
  end
  redis.call('HDEL', conversation, 'work_id', 'worker', 'begun_at_ms', 'attempt_of', 'attempt_by', 'attempts')
end

local function keep()
  for at = 1, 9 do redis.call('EXPIRE', KEYS[at], lifetime_s) end
end

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
