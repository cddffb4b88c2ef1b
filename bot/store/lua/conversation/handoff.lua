-- What programs outside want to know, kept until they have read it; no words of a customer, only where they are.
local happenings_kept = 20000
local function happened(kind, about)
  local said = about or {}
  said.type, said.conversation_id, said.at_ms = kind, id, now_ms
  redis.call('XADD', happenings, 'MAXLEN', '~', happenings_kept, '*', 'happening', cjson.encode(said))
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
