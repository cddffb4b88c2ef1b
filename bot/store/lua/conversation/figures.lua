-- What happened, counted in the same step: exact through crashes, and a repeat counts nothing. A figure is named after
-- its metric, `<metric>:<label>:...`; labels are words of our own, never a customer's.
local function count(figure, by)
  redis.call('HINCRBY', figures, figure, by or 1)
end

-- Why a human is needed, of a handoff's JSON. It is its first field: nothing of the customer's stands before it.
local function reason_of(handoff)
  return string.match(handoff, '^{"reason":"([%w_]+)"') or 'unknown'
end

-- Which model of an experiment said it, `live` or `challenger`; nil without one. A quote in a customer's words has a
-- backslash before it in JSON, so that no words are taken for this.
local function arm_of(nlu_json)
  return string.match(nlu_json, '"arm":"(%a+)"')
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
  local arm = arm_of(nlu_json)
  if arm then count('experiment:' .. arm .. ':' .. outcome) end
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
