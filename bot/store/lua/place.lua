-- Put a conversation where lists look for it, or take one that is gone out.
-- own arguments: '', or for one of a version before: its handoff as JSON, with department and promises
local planned = ARGV[own + 1]
local owner, handoff, last_sender, last_at_ms = unpack(redis.call('HMGET', conversation, 'owner', 'handoff', 'last_sender',
  'last_at_ms'))
local is_old = handoff and not cjson.decode(handoff).department and redis.call('HEXISTS', conversation, 'alarm_at_ms') == 0
if planned ~= '' and is_old and owner ~= 'assistant' and owner ~= 'closed' then
  redis.call('HSET', conversation, 'handoff', planned)
  if owner ~= 'queue' and last_sender == 'agent' then
    redis.call('HSETNX', conversation, 'answered_at_ms', last_at_ms)
  end
  wake()
end
place_in_views()
return 1
