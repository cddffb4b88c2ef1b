-- Bring line and due into step with what waits, for deliveries of which a process of a version before, which kept no line,
-- saw to one of the two only.
-- KEYS: deliveries, line, due. ARGV: now (ms), then members of the line: those in it that do not wait, and those that do
-- and are not in it.
local deliveries, line, due = unpack(KEYS)
for i = 2, #ARGV do
  local conversation, id = string.match(ARGV[i], '^([^ ]+) [^ ]+ ([^ ]+)$')
  local record = redis.call('HGET', deliveries, id)
  -- What is first of its conversation now is due below.
  redis.call('ZREM', due, id)
  if record and cjson.decode(record).state == 'waiting' then
    redis.call('ZADD', line, 0, ARGV[i])
  else
    redis.call('ZREM', line, ARGV[i])
  end
  make_first_due(line, due, conversation, ARGV[1])
end
