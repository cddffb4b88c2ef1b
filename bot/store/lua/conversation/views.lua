-- Where lists have the conversation: members `<view>|<place>|<id>` of one sorted set, in the order of their text. See
-- views.py. Places go up in what is shown first.
-- Goes up whenever `places` has other lists: `viewed` begins with it, so that what a version before placed is placed anew.
-- As conversations.py LAYOUT.
local layout = 'layout|4|'
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
    'woken_at_ms', 'answered_at_ms')
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
  end

  local rank = ranks[handoff.priority] or 2
  -- Who waits for us first, the highest priority and then who waits longest on top: without an answer yet, since the
  -- handoff. Then who got one.
  local waits_ms = not known[14] and handoff.at_ms or last_at_ms
  local answered = owner ~= 'queue' and known[3] == 'agent'
  local place = answered and '1' .. latest_first(last_at_ms) or '0' .. rank .. padded(waits_ms)
  if owner == 'queue' then
    local due_ms = handoff.first_due_ms
    if not due_ms or due_ms == 0 then due_ms = handoff.at_ms or last_at_ms end
    -- All of an evening are promised the same morning: then who has waited longest.
    add_both('waiting', rank .. padded(due_ms) .. padded(handoff.at_ms))
  else
    local agent_id = string.sub(owner, 7)
    if snoozed_ms > 0 then
      add('snoozed', padded(snoozed_ms))
      add_both('snoozed/' .. agent_id, padded(snoozed_ms))
    else
      add_both('held/' .. agent_id, place)
      add('held', place)
      if department ~= '' then add('held//' .. department, place) end
      local silence = silence_of(owner, known[3], handoff.priority)
      local since_ms = math.max(tonumber(last_at_ms or '0'), tonumber(known[13] or '0'))
      if silence then add(silence, padded(since_ms)) end
    end
  end
  add_both('open', place)
  if alarm_ms > 0 and snoozed_ms == 0 then add('alarm', padded(alarm_ms)) end
  return found
end

local function place_in_views()
  local found = places()
  local now, before = table.concat(found, '\0'), redis.call('HGET', viewed, id) or ''
  if now ~= '' then now = layout .. '\0' .. now end
  if now == before then return end
  for member in string.gmatch(before, '[^%z]+') do redis.call('ZREM', views, member) end
  for _, member in ipairs(found) do redis.call('ZADD', views, 0, member) end
  if now == '' then redis.call('HDEL', viewed, id) else redis.call('HSET', viewed, id, now) end
end

-- Every script that changed something ends with this: the conversation lives on, and lists have it in its place. Who
-- keeps a copy, as the search does, sees by the count that it is not the last one any more.
local function keep()
  if redis.call('EXISTS', conversation) == 1 then redis.call('HINCRBY', conversation, 'changes', 1) end
  for at = 1, 12 do redis.call('EXPIRE', KEYS[at], lifetime_s) end
  place_in_views()
end
