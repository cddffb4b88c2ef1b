-- The customer changed the text of a message. The log keeps the first text; the mark has the last.
-- own arguments: message id, number of the edit, its record as JSON, text for lists
-- returns 1, or 0 for a message that is not known (yet: then it is read as it is now when it comes) or was deleted, or an
-- edit that is older than the one there is
local message_id, number, record, text = unpack(ARGV, own + 1, own + 4)
local entry_id = redis.call('HGET', ids, message_id)
if redis.call('EXISTS', conversation) == 0 or redis.call('HEXISTS', marks, 'deleted ' .. message_id) == 1 then
  return 0
end
local before = redis.call('HGET', marks, 'edit ' .. message_id)
if before and cjson.decode(before).number >= tonumber(number) then return 0 end
redis.call('HSET', marks, 'edit ' .. message_id, record)
-- Its words are not the customer's any more; an edit that was answered again is a message of its own.
redis.call('HDEL', missed, message_id)
if not entry_id then
  keep()
  return 0
end
if redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1][1] == entry_id then
  redis.call('HSET', conversation, 'last_text', text, 'last_customer_text', text)
end
keep()
publish('mark', ',"message_id":' .. cjson.encode(message_id))
return 1
