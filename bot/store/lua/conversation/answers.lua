-- What became of each answer, by day (UTC), in the same step as it happens: exact through crashes, and a repeat counts
-- nothing. bot/store/answer_figures.py reads it. No customer's words, and no conversation.
local answers_kept_s = 400 * 86400
-- what: `sent`, `yes` or `no`, of who said whether it helped. Days of before never change: a changed mind is less on the
-- day that it changed.
local function count_answer(template, what, by)
  local day = answers_used .. ':' .. math.floor(now_ms / 86400000)
  redis.call('HINCRBY', day, what .. ' ' .. template, by)
  redis.call('EXPIRE', day, answers_kept_s)
end

-- A message to the customer, as JSON. Inside a text a quote has a backslash in front, so that no text looks like the name
-- of an answer.
local function count_if_answer(message)
  local template = string.match(message, '"template":"([^"]+)"')
  if not template then return end
  count_answer(template, 'sent', 1)
  redis.call('HSET', answers_used, template, now_ms)
end
