-- Give a conversation's work back, for whichever worker is free first: a new entry at the end of the stream.
-- own arguments: work id
if redis.call('HGET', conversation, 'work_id') ~= ARGV[own + 1] then return 0 end
redis.call('XACK', work, 'assistants', ARGV[own + 1])
redis.call('XDEL', work, ARGV[own + 1])
redis.call('HDEL', conversation, 'worker', 'begun_at_ms')
redis.call('HSET', conversation, 'work_id', redis.call('XADD', work, '*', 'conversation_id', id))
return 1
