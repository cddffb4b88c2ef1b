-- An agent sends a message again that failed: it is in line once more, behind what waits already.
-- own arguments: expected owner, message id
-- returns {1, ''}; {0, the owner it has} when the conversation is somebody else's; {2, ''} when the message did not fail, or
--         is in line again already; {3, ''} when a part of it did arrive, so that the customer would read that twice
local expected, message_id = ARGV[own + 1], ARGV[own + 2]
local current = redis.call('HGET', conversation, 'owner')
if not current then return { -1, '' } end
if current ~= expected then return { 0, current } end
if redis.call('HGET', states, message_id) ~= 'failed' or not is_on_platform() then return { 2, '' } end
if redis.call('HEXISTS', sends, 'at ' .. message_id) == 1 then return { 3, '' } end
redis.call('HDEL', marks, 'problem ' .. message_id)
redis.call('HSET', states, message_id, 'waiting')
redis.call('RPUSH', to_send, message_id)
redis.call('ZADD', sending, 'NX', now_ms, id)
redis.call('ZADD', outbox, now_ms, id .. ' ' .. message_id)
publish('state', ',"state":"waiting","message_ids":' .. cjson.encode({ message_id }))
keep()
return { 1, '' }
