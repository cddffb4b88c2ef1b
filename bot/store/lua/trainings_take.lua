-- ARGV: trainer, lease in ms. Returns the training to do as JSON, or an empty string.
if in_hand then return '' end
local id = redis.call('GET', waiting)
local record = id and read(id)
redis.call('DEL', waiting)
if not record then return '' end
redis.call('SET', running, id)
redis.call('SET', lease, ARGV[1], 'PX', ARGV[2])
record.state, record.started_at_ms, record.trainer = 'running', now_ms(), ARGV[1]
record.topic_changes = tonumber(redis.call('GET', KEYS[6]) or 0)
saved(record)
return cjson.encode(record)
