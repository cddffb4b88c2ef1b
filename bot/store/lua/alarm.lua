-- One process warns that a promise is not kept; when it is looked at next is noted in the same step.
-- own arguments: the alarm_at_ms that the caller saw, when it is looked at next (ms, 0 for never)
-- returns how many warnings went out with this one, or 0 when another process did it, or somebody acted
if redis.call('HGET', conversation, 'alarm_at_ms') ~= ARGV[own + 1] then return 0 end
redis.call('HSET', conversation, 'alarm_at_ms', ARGV[own + 2])
local level = redis.call('HINCRBY', conversation, 'alarm_level', 1)
keep()
publish('mark', ',"message_id":""')
return level
