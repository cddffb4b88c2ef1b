-- Which app has the thread, as the platform says.
-- own arguments: when (ms of the platform), app id ('' when we may send)
-- returns 1, or 0 when later news is known or there is no such conversation
local at_ms, app_id = ARGV[own + 1], ARGV[own + 2]
if redis.call('EXISTS', conversation) == 0 then return 0 end
if tonumber(at_ms) < tonumber(redis.call('HGET', conversation, 'control_at_ms') or '0') then return 0 end
redis.call('HSET', conversation, 'control', app_id, 'control_at_ms', at_ms)
if app_id == '' then try_to_send_now() end
keep()
publish('mark', ',"message_id":""')
return 1
