-- Note what the NLU makes of a message that a human gets; it changes nothing else.
-- own arguments: message id, NLU JSON
-- returns 1, or 0 for a message that is not there (any more), or was understood before
local message_id, nlu_json = ARGV[own + 1], ARGV[own + 2]
if redis.call('HEXISTS', ids, message_id) == 0 or redis.call('HEXISTS', marks, 'deleted ' .. message_id) == 1 then
  return 0
end
if redis.call('HSETNX', nlu, message_id, nlu_json) == 0 then return 0 end
keep()
publish('mark', ',"message_id":' .. cjson.encode(message_id))
return 1
