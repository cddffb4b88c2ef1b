-- What all scripts on trainings begin with. KEYS: trainings, events, waiting, running, lease, topics:changes, bell, figures.
-- A training whose trainer gave no sign of life for the length of its lease is over, and the next one can run.
local trainings, events, waiting, running, lease = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

local function now_ms()
  local now = redis.call('TIME')
  return now[1] * 1000 + math.floor(now[2] / 1000)
end

local function saved(record)
  redis.call('HSET', trainings, record.id, cjson.encode(record))
  redis.call('PUBLISH', events, cjson.encode({type = 'training', id = record.id, state = record.state}))
end

local function read(id)
  local found = redis.call('HGET', trainings, id)
  return found and cjson.decode(found)
end

local function ended(record, state, reason, detail)
  record.state, record.reason, record.detail, record.ended_at_ms = state, reason, detail, now_ms()
  redis.call('DEL', running, lease)
  redis.call('HINCRBY', KEYS[8], 'trainings:' .. state, 1)
  saved(record)
end

local in_hand = redis.call('GET', running)
if in_hand and redis.call('EXISTS', lease) == 0 then
  local lost = read(in_hand)
  if lost and lost.state == 'running' then
    ended(lost, 'failed', 'lost', '')
  else
    redis.call('DEL', running)
  end
  in_hand = false
end
