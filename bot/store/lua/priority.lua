-- How urgent a conversation is, as an agent says; humans must have it.
-- own arguments: priority, the queue's score of that priority for a handoff of time 0, then a group of four: a note (see
--                append_all)
-- returns {1, ''}, or {0, the owner it has} when no human has to do with it
local priority, first_score = ARGV[own + 1], ARGV[own + 2]
local current, handoff = unpack(redis.call('HMGET', conversation, 'owner', 'handoff'))
if not current then return { -1, '' } end
if not handoff or current == 'assistant' or current == 'closed' then return { 0, current } end
-- Before anything of the customer's: reason and priority are its first fields.
local was_urgent, is_urgent = cjson.decode(handoff).priority == 'urgent', priority == 'urgent'
handoff = string.gsub(handoff, '"priority":"%w+"', '"priority":"' .. priority .. '"', 1)
redis.call('HSET', conversation, 'handoff', handoff)
if was_urgent ~= is_urgent then
  -- Somebody in danger is warned of at once, also when an agent answered what was said before.
  if is_urgent and redis.call('HGET', conversation, 'last_sender') == 'customer' then
    redis.call('HDEL', conversation, 'answered_at_ms')
  end
  wake()
end
if current == 'queue' then
  redis.call('ZADD', queue, string.format('%.0f', tonumber(first_score) + cjson.decode(handoff).at_ms), id)
end
append_note(ARGV[own + 3], ARGV[own + 4])
happened('priority', { owner = current, priority = priority })
keep()
publish('mark', ',"message_id":' .. cjson.encode(ARGV[own + 3]))
return { 1, '' }
