-- One process warns that a promise is not kept; when it is looked at next is noted in the same step.
-- own arguments: the alarm_at_ms that the caller saw, when it is looked at next (ms, 0 for never), how long between two
--                warnings (ms)
-- returns how many warnings went out with this one, or 0 when another process did it, or somebody acted
if redis.call('HGET', conversation, 'alarm_at_ms') ~= ARGV[own + 1] then return 0 end
-- A caller that found it in the list, and read it after another process had warned.
if tonumber(ARGV[own + 1]) > now_ms then return 0 end
if redis.call('HEXISTS', conversation, 'snoozed_until_ms') == 1 then return 0 end
redis.call('HSET', conversation, 'alarm_at_ms', ARGV[own + 2], 'alarm_every_ms', ARGV[own + 3])
local level = redis.call('HINCRBY', conversation, 'alarm_level', 1)
local handoff = cjson.decode(redis.call('HGET', conversation, 'handoff') or '{}')
local of = redis.call('HEXISTS', conversation, 'answered_at_ms') == 1 and 'end' or 'answer'
count('promise_warnings:' .. of .. ':' .. (level == 1 and 'first' or 'again'))
happened('promise', { of = of, level = level, department = handoff.department or '', reason = handoff.reason or '' })
-- No page and no search shows how often somebody was warned, so that nothing reads it again.
place_in_views()
return level
