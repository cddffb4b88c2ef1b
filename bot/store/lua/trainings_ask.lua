-- ARGV: the new training as JSON, its id. Returns the id of the training that has, or will have, all changes of now.
local at_work = redis.call('GET', waiting)
if at_work then return at_work end
if in_hand and read(in_hand).topic_changes == tonumber(redis.call('GET', KEYS[6]) or 0) then return in_hand end
local record = cjson.decode(ARGV[1])
record.asked_at_ms = now_ms()
redis.call('SET', waiting, ARGV[2])
saved(record)
redis.call('LPUSH', KEYS[7], ARGV[2])
redis.call('LTRIM', KEYS[7], 0, 0)
return ARGV[2]
