-- What became of a try: the delivery is tried again then, or the next one of its conversation is due.
-- KEYS: hooks, deliveries, line, due. ARGV: hook's id, delivery's id, record, when it is tried next (ms; empty: never),
-- its conversation, its order, now (ms). Answers 0 for a hook that is gone: nobody would ever take it out.
local hooks, deliveries, line, due = unpack(KEYS)
local hook_id, id, record, next_at_ms, conversation, order, now_ms = unpack(ARGV)
if redis.call('HEXISTS', hooks, hook_id) == 0 then return 0 end
local known = redis.call('HGET', deliveries, id)
-- Another try, of another process or by hand, was the last one.
if next_at_ms ~= '' and known and cjson.decode(known).state ~= 'waiting' then return 1 end

redis.call('HSET', deliveries, id, record)
redis.call('ZREM', due, id)
local member = conversation .. ' ' .. order .. ' ' .. id
if next_at_ms == '' then
  redis.call('ZREM', line, member)
  make_first_due(line, due, conversation, now_ms)
else
  redis.call('ZADD', line, 0, member)
  make_first_due(line, due, conversation, next_at_ms)
end
return 1
