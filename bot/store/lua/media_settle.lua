-- What became of one attachment of a message.
-- own arguments: message id, place of the attachment, its record as JSON, 1 if we have a copy
-- returns 1, or 0 for a message that is not there (any more): then its copy must go
local message_id, place, record, has_copy = unpack(ARGV, own + 1, own + 4)
if redis.call('HEXISTS', ids, message_id) == 0 or redis.call('HEXISTS', marks, 'deleted ' .. message_id) == 1 then
  return 0
end
redis.call('HSET', marks, 'media ' .. message_id .. ' ' .. place, record)
-- A copy outlives the keys of its conversation, unless somebody looks in time.
if has_copy == '1' then redis.call('ZADD', media, 'NX', now_ms + lifetime_s * 1000, id .. ' ') end
keep()
publish('mark', ',"message_id":' .. cjson.encode(message_id))
return 1
