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
  local known = redis.call('HMGET', conversation, 'answered_with', 'helped', 'helped_at_ms', 'answered_arm')
  local template, before = known[1], known[2]
  if not template or before == helped then return false end
  if not before then
    count('answers_rated:' .. template .. ':' .. helped)
    local arm = known[4]
    if arm and arm ~= '' then count('experiment:' .. arm .. ':helped_' .. helped) end
  end
  if before then count_answer(template, before, -1) end
  count_answer(template, helped, 1)
  keep_rating({ template = template, helped = helped == 'yes' }, known[3])
  redis.call('HSET', conversation, 'helped', helped, 'helped_at_ms', now_ms)
  return true
end
