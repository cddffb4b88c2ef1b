-- Of a webhook, what waits for each conversation: members `<conversation> <order> <delivery>` of `line`, all with score
-- 0, so that the order of their text is the order of delivery. Only the first of a conversation is in `due`.
local function make_first_due(line, due, conversation, at_ms)
  local first = redis.call('ZRANGEBYLEX', line, '[' .. conversation .. ' ', '(' .. conversation .. '!', 'LIMIT', 0, 1)[1]
  if not first then return end
  -- One that is due already keeps its time.
  redis.call('ZADD', due, 'NX', at_ms, string.match(first, '[^ ]+$'))
end

