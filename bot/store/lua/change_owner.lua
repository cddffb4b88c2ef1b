-- Give a conversation to somebody else, if it still has the owner that the caller saw.
-- own arguments: expected owner, new owner, agent name, handoff JSON ('' keeps the one there is), queue score,
--                only if work has waited since before this ms ('' for any), then notices in groups of four (see append_all)
-- returns {1, version}, or {0, the owner it has} when it was somebody else's
local expected, owner, agent_name, handoff, score, due_before_ms = unpack(ARGV, own + 1, own + 6)

local current = redis.call('HGET', conversation, 'owner')
if not current then return { -1, '' } end
if current ~= expected or not waits_since(due_before_ms) then return { 0, current } end

forget_work()
redis.call('HSET', conversation, 'owner', owner, 'agent_name', agent_name)
if handoff ~= '' then redis.call('HSET', conversation, 'handoff', handoff) end
if owner == 'queue' then
  redis.call('ZADD', queue, score, id)
else
  redis.call('ZREM', queue, id)
end
if string.sub(owner, 1, 6) == 'agent:' then
  redis.call('ZADD', claimed, now_ms, id)
else
  redis.call('ZREM', claimed, id)
end
if owner == 'assistant' or owner == 'closed' then
  -- The assistant starts afresh: what was said to a human is not answered again.
  redis.call('HDEL', conversation, 'dialogue', 'handoff')
end
if current == 'assistant' and owner == 'queue' then
  count('handoffs:' .. reason_of(handoff))
else
  count('owner_changes:' .. (({ assistant = 'handed_back', queue = 'put_back', closed = 'closed' })[owner] or 'claimed'))
end
local version = redis.call('HINCRBY', conversation, 'version', 1)
local notices = append_all(own + 7)
keep()
publish('owner', ',"owner":' .. cjson.encode(owner) .. ',"agent_name":' .. cjson.encode(agent_name) .. ',"messages":' .. notices)
return { 1, version }
