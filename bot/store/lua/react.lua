-- The customer reacted to a message, or took the reaction back ('').
-- own arguments: message id (of ours, or of the platform for what we sent), when (ms of the platform), reaction
-- returns 1, or 0 for a message that is not known or a reaction that is older than the one there is
local message_id, at_ms, reaction = unpack(ARGV, own + 1, own + 3)
local sent = redis.call('HGET', sends, 'mid ' .. message_id)
if sent then message_id = string.match(sent, '^%S+') end
if redis.call('HEXISTS', ids, message_id) == 0 then return 0 end
local before = redis.call('HGET', marks, 'reaction ' .. message_id)
if before and tonumber(string.match(before, '^%d+')) >= tonumber(at_ms) then return 0 end
redis.call('HSET', marks, 'reaction ' .. message_id, at_ms .. ' ' .. reaction)
keep()
publish('mark', ',"message_id":' .. cjson.encode(message_id))
return 1
