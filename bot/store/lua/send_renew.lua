-- A sender that is still at it keeps its conversation.
-- KEYS: sends, sending. ARGV: token, conversation id, lease ms
-- returns 1, or 0 when another sender has the conversation
if redis.call('HGET', KEYS[1], 'claim') ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3]), ARGV[2])
return 1
