-- What every script on a conversation shares. The client sends this file in front of each of them.
-- KEYS[1..11] are those of the conversation, KEYS[12..26] those of all, in the order of conversations.py `script_keys`;
-- a script's own keys come behind them.
local conversation, log, ids = KEYS[1], KEYS[2], KEYS[3]
local pending, nlu, states = KEYS[4], KEYS[5], KEYS[6]
local to_send, sends, marks, episodes = KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local work, due, queue, claimed, outbox, active = KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17]
local figures, sending, media, views, viewed, happenings = KEYS[18], KEYS[19], KEYS[20], KEYS[21], KEYS[22], KEYS[23]
local unread, asks, ratings = KEYS[24], KEYS[25], KEYS[26]
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

-- What customers make of us, each once: of a changed mind only the last is kept.
local function keep_rating(said, before_ms)
  for _, before in ipairs(before_ms and redis.call('ZRANGEBYSCORE', ratings, before_ms, before_ms) or {}) do
    if cjson.decode(before).conversation_id == id then redis.call('ZREM', ratings, before) end
  end
  said.conversation_id, said.at_ms = id, now_ms
  redis.call('ZADD', ratings, now_ms, cjson.encode(said))
end

-- Whether the assistant's last answer helped: `yes` or `no`. Returns whether that is news.
local function rate_answer(helped)
  local known = redis.call('HMGET', conversation, 'answered_with', 'helped', 'helped_at_ms')
  local template, before = known[1], known[2]
  if not template or before == helped then return false end
  if not before then count('answers_rated:' .. template .. ':' .. helped) end
  keep_rating({ template = template, helped = helped == 'yes' }, known[3])
  redis.call('HSET', conversation, 'helped', helped, 'helped_at_ms', now_ms)
  return true
end

-- Whether a message of a customer is what became of an edit of another one.
local function is_edit_of(message_id, original_id)
  local length = #original_id
  return string.sub(message_id, 1, length) == original_id and string.find(message_id, '^~%d+$', length + 1) ~= nil
end

-- What programs outside want to know, kept until they have read it; no words of a customer, only where they are.
local happenings_kept = 20000
local function happened(kind, about)
  local said = about or {}
  said.type, said.conversation_id, said.at_ms = kind, id, now_ms
  redis.call('XADD', happenings, 'MAXLEN', '~', happenings_kept, '*', 'happening', cjson.encode(said))
end

-- How long people took, in buckets: from the handoff to the first answer, and to the end.
local people_bounds_s = { 60, 120, 300, 600, 1800, 3600, 14400, 28800, 86400, 259200 }
local function count_people(figure, since_ms)
  local waited_ms = math.max(0, now_ms - (tonumber(since_ms) or now_ms))
  local within = 'inf'
  for _, bound_s in ipairs(people_bounds_s) do
    if waited_ms <= bound_s * 1000 then
      within = bound_s
      break
    end
  end
  count(figure .. ':' .. within)
  count(figure .. ':sum_ms', waited_ms)
end

-- When somebody is to be warned of a handoff that nobody has answered: whoever is in danger does not wait for that.
local function first_alarm_ms(said)
  if said.priority == 'urgent' then return now_ms end
  return said.first_due_ms or 0
end

-- A human is needed, from now on: the promise begins anew.
local function begin_handoff(handoff)
  local said = cjson.decode(handoff)
  redis.call('HSET', conversation, 'handoff', handoff, 'alarm_at_ms', first_alarm_ms(said), 'alarm_level', 0)
  redis.call('HDEL', conversation, 'answered_at_ms', 'snoozed_until_ms', 'returned_by', 'answered_with')
  if said.reason == 'complaint' then redis.call('HINCRBY', conversation, 'complaints', 1) end
  happened('handoff', { reason = said.reason, priority = said.priority, department = said.department or '' })
end

-- The humans are done with it. how: `closed` or `handed_back`; agent_name: of whoever had it
local function end_episode(how, close_reason, agent_name)
  local known = redis.call('HMGET', conversation, 'handoff', 'answered_at_ms', 'last_agent_id')
  if known[1] then
    local said = cjson.decode(known[1])
    redis.call('RPUSH', episodes, cjson.encode({
      reason = said.reason, priority = said.priority, department = said.department or '', handed_at_ms = said.at_ms,
      ended_at_ms = now_ms, how = how, answered_at_ms = tonumber(known[2] or '0'), agent_id = known[3] or '',
      agent_name = agent_name or '', close_reason = close_reason or '', rating = 0,
    }))
    redis.call('LTRIM', episodes, -100, -1)
    if how == 'closed' then count_people('people_close', said.at_ms) end
  end
  redis.call('HDEL', conversation, 'handoff', 'answered_at_ms', 'snoozed_until_ms', 'alarm_at_ms', 'alarm_level',
    'alarm_every_ms')
end

-- It was put aside and is no more: the promise counts again.
local function wake()
  local known = redis.call('HMGET', conversation, 'handoff', 'answered_at_ms')
  local said = known[1] and cjson.decode(known[1]) or {}
  local due_ms = known[2] and said.resolve_due_ms or first_alarm_ms(said)
  redis.call('HSET', conversation, 'alarm_at_ms', due_ms or 0, 'alarm_level', 0)
end

-- Somebody is at it: who was warned already is left alone for as long as between two warnings.
local function hold_alarm()
  local known = redis.call('HMGET', conversation, 'alarm_at_ms', 'alarm_level', 'alarm_every_ms')
  local alarm_ms, level, every_ms = tonumber(known[1] or '0'), tonumber(known[2] or '0'), tonumber(known[3] or '0')
  if level == 0 or alarm_ms == 0 then return end
  redis.call('HSET', conversation, 'alarm_at_ms', string.format('%.0f', math.max(alarm_ms, now_ms + every_ms)))
end

-- A human answered; the first time since the handoff the promise of an answer is kept, and that of an end begins.
local function note_answer(entry_id)
  if redis.call('HSETNX', conversation, 'answered_at_ms', now_ms) == 1 then
    local handoff = redis.call('HGET', conversation, 'handoff')
    local due_ms = handoff and cjson.decode(handoff).resolve_due_ms
    redis.call('HSET', conversation, 'alarm_at_ms', due_ms or 0, 'alarm_level', 0)
    if handoff then count_people('people_answer', cjson.decode(handoff).at_ms) end
  else
    hold_alarm()
  end
  happened('reply', { entry_id = entry_id })
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
  if sender == 'customer' then
    redis.call('HSET', conversation, 'last_customer_text', text, 'customer_entry_id', entry_id)
  end
  if sender == 'agent' then note_answer(entry_id) end
  redis.call('ZADD', active, now_ms, id)
  -- Somebody spoke: whether the answer before it helped is not asked any more.
  redis.call('ZREM', asks, id)
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

-- Where lists have the conversation: members `<view>|<place>|<id>` of one sorted set, in the order of their text. See
-- views.py. Places go up in what is shown first.
local function padded(ms) return string.format('%013.0f', tonumber(ms or '0') or 0) end
local function latest_first(ms) return padded(9999999999999 - (tonumber(ms or '0') or 0)) end
local ranks = { urgent = 0, high = 1, normal = 2, low = 3 }
-- As bot/model.py names them.
local meta_inbox, chatwoot = 'agent:meta-inbox', 'agent:chatwoot'

-- What is not ours may hold a sign that parts a member.
local function escaped(text)
  return (string.gsub(text, '[|%z%%]', function(sign) return string.format('%%%02X', string.byte(sign)) end))
end

-- The list in which somebody looks how long an agent has been silent. The assistant's sentence with the emergency numbers
-- is no answer of the agent's. Chatwoot's agents have their own reminders.
local function silence_of(owner, last_sender, priority)
  if owner == chatwoot then return nil end
  if priority == 'urgent' and last_sender ~= 'agent' then return 'unanswered/urgent' end
  if priority ~= 'urgent' and last_sender == 'customer' then return 'unanswered' end
  if owner == meta_inbox and last_sender ~= 'customer' then return 'quiet' end
end

local function places()
  local known = redis.call('HMGET', conversation, 'owner', 'last_at_ms', 'last_sender', 'snoozed_until_ms',
    'closed_at_ms', 'handoff', 'alarm_at_ms', 'created_at_ms', 'channel', 'customer_id', 'identity', 'labels',
    'woken_at_ms')
  local owner, found = known[1], {}
  if not owner then return found end
  local last_at_ms = known[2] or known[8]
  local snoozed_ms, alarm_ms = tonumber(known[4] or '0'), tonumber(known[7] or '0')
  local handoff = known[6] and cjson.decode(known[6]) or {}
  local department = handoff.department or ''
  local function add(view, place) found[#found + 1] = view .. '|' .. place .. '|' .. id end
  -- Also in the list of the department alone.
  local function add_both(view, place)
    add(view, place)
    if department ~= '' then add(view .. '/' .. department, place) end
  end

  -- All of one customer; people.py names them alike.
  local begun = latest_first(known[8])
  add('customer/' .. escaped((known[9] or 'unknown') .. ' ' .. (known[10] or '')), begun)
  if (known[11] or '') ~= '' then add('customer/' .. escaped('identity ' .. known[11]), begun) end
  for _, label in ipairs(known[12] and cjson.decode(known[12]) or {}) do add('label/' .. escaped(label), begun) end
  if owner == 'assistant' then
    add('assistant', latest_first(last_at_ms))
    return found
  elseif owner == 'closed' then
    -- Whose it was when it ended.
    local ended = redis.call('LINDEX', episodes, -1)
    department = ended and cjson.decode(ended).department or ''
    add_both('closed', latest_first(known[5] or last_at_ms))
    return found
  elseif owner == 'queue' then
    local due_ms = handoff.first_due_ms
    if not due_ms or due_ms == 0 then due_ms = handoff.at_ms or last_at_ms end
    local place = (ranks[handoff.priority] or 2) .. padded(due_ms)
    add_both('waiting', place)
  else
    local agent_id = string.sub(owner, 7)
    if snoozed_ms > 0 then
      add('snoozed', padded(snoozed_ms))
      add_both('snoozed/' .. agent_id, padded(snoozed_ms))
    else
      -- Who waits for this agent first, the one that waits longest on top.
      local answered = known[3] == 'agent'
      add_both('held/' .. agent_id, answered and '1' .. latest_first(last_at_ms) or '0' .. padded(last_at_ms))
      add('held', latest_first(last_at_ms))
      if department ~= '' then add('held//' .. department, latest_first(last_at_ms)) end
      local silence = silence_of(owner, known[3], handoff.priority)
      local since_ms = math.max(tonumber(last_at_ms or '0'), tonumber(known[13] or '0'))
      if silence then add(silence, padded(since_ms)) end
    end
  end
  add_both('open', latest_first(last_at_ms))
  if alarm_ms > 0 and snoozed_ms == 0 then add('alarm', padded(alarm_ms)) end
  return found
end

local function place_in_views()
  local found = places()
  local now, before = table.concat(found, '\0'), redis.call('HGET', viewed, id) or ''
  if now == before then return end
  for member in string.gmatch(before, '[^%z]+') do redis.call('ZREM', views, member) end
  for _, member in ipairs(found) do redis.call('ZADD', views, 0, member) end
  if now == '' then redis.call('HDEL', viewed, id) else redis.call('HSET', viewed, id, now) end
end

-- Every script that changed something ends with this: the conversation lives on, and lists have it in its place. Who
-- keeps a copy, as the search does, sees by the count that it is not the last one any more.
local function keep()
  if redis.call('EXISTS', conversation) == 1 then redis.call('HINCRBY', conversation, 'changes', 1) end
  for at = 1, 11 do redis.call('EXPIRE', KEYS[at], lifetime_s) end
  place_in_views()
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
