-- The customer took a message back: its words and what was made of them go, its place stays as a note for agents.
-- own arguments: message id, then a group of four: the note (see append_all)
-- returns 1, or 0 for a message that is gone already, or not known (yet: then it is never shown)
local message_id = ARGV[own + 1]
local entry_id = redis.call('HGET', ids, message_id)
local is_news = redis.call('HSETNX', marks, 'deleted ' .. message_id, now_ms) == 1
redis.call('HDEL', marks, 'edit ' .. message_id)
if not entry_id or not is_news then
  keep()
  return 0
end
-- The assistant must not answer it any more. One that has it in hand finds another message at the head, and drops it.
if redis.call('LREM', pending, 1, entry_id) == 1 and redis.call('LLEN', pending) == 0 then forget_work() end
local last_id = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1][1]
local was_last = last_id == entry_id
redis.call('XDEL', log, entry_id)
redis.call('HDEL', nlu, message_id)
redis.call('HDEL', missed, message_id)
-- An edit that had to be seen is a message of its own, `<id>~<number>`, with the same words.
for _, other_id in ipairs(redis.call('HKEYS', ids)) do
  if is_edit_of(other_id, message_id) then
    local place = redis.call('HGET', ids, other_id)
    was_last = was_last or last_id == place
    redis.call('XDEL', log, place)
    redis.call('HDEL', missed, other_id)
  end
end
-- Why a human was called stays; what was understood of the words does not.
local handoff = redis.call('HGET', conversation, 'handoff')
local kept = handoff and cjson.decode(handoff).message_id == message_id and string.match(handoff, '^(.-),"nlu":{')
if kept then redis.call('HSET', conversation, 'handoff', kept .. ',"nlu":null}') end
for _, field in ipairs(redis.call('HKEYS', marks)) do
  if string.sub(field, 1, 6 + #message_id + 1) == 'media ' .. message_id .. ' ' then
    redis.call('HDEL', marks, field)
    -- Whoever fetches media finds that the message is gone, and removes our copies.
    redis.call('ZADD', media, now_ms, id .. ' ' .. message_id)
  end
end
append_note(ARGV[own + 2], ARGV[own + 3])
if was_last then redis.call('HSET', conversation, 'last_text', '') end
-- What the assistant remembers of the dialogue has the words too.
redis.call('HDEL', conversation, 'last_customer_text', 'dialogue')
keep()
publish('mark', ',"message_id":' .. cjson.encode(message_id))
return 1
