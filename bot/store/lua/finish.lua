-- Store what the assistant made of one message, all or nothing.
-- own arguments: token, version, entry id, message id, dialogue JSON, NLU JSON, handoff JSON or '', queue score,
--                1 if that ends the conversation, the template that answered a question or '', `yes` or `no` if the
--                customer said whether the answer before helped, or '', then its replies in groups of four (see append_all)
-- returns -1 if the conversation moved on in between (a human took over, another worker did it), else messages pending
local token, version, entry_id, message_id, dialogue, nlu_json, handoff, score, ends = unpack(ARGV, own + 1, own + 9)
local answered_with, helped = ARGV[own + 10], ARGV[own + 11]

if redis.call('HGET', conversation, 'worker') ~= token
  or redis.call('HGET', conversation, 'version') ~= version
  or redis.call('LINDEX', pending, 0) ~= entry_id then
  return -1
end

redis.call('LPOP', pending)
local replies = append_all(own + 12)
redis.call('HSET', conversation, 'dialogue', dialogue)
if replies ~= '[]' then redis.call('HDEL', conversation, 'unannounced') end
redis.call('HINCRBY', conversation, 'version', 1)
redis.call('HSET', nlu, message_id, nlu_json)
count_turn(entry_id, nlu_json, handoff)

if helped ~= '' then rate_answer(helped) end
if answered_with ~= '' then
  redis.call('HSET', conversation, 'answered_with', answered_with, 'answered_arm', arm_of(nlu_json) or '')
  redis.call('HDEL', conversation, 'helped', 'helped_at_ms')
end

local left = redis.call('LLEN', pending)
local owner = 'assistant'
if handoff ~= '' then
  owner = 'queue'
  redis.call('HSET', conversation, 'owner', owner)
  begin_handoff(handoff)
  redis.call('ZADD', queue, score, id)
  forget_work()
  left = 0
elseif left == 0 and ends == '1' then
  owner = 'closed'
  redis.call('HSET', conversation, 'owner', owner, 'closed_at_ms', now_ms, 'close_reason', '')
  redis.call('HDEL', conversation, 'dialogue')
  count('owner_changes:closed')
  forget_work()
elseif left == 0 then
  forget_work()
  if answered_with ~= '' then redis.call('ZADD', asks, now_ms, id) end
else
  local waiting_since_ms = string.match(redis.call('LINDEX', pending, 0), '^%d+')
  redis.call('ZADD', due, waiting_since_ms, id)
  redis.call('HDEL', conversation, 'worker', 'begun_at_ms')
end
keep()
publish('turn', ',"owner":"' .. owner .. '","in_reply_to":' .. cjson.encode(message_id) .. ',"messages":' .. replies)
return left
