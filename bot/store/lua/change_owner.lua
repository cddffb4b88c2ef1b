-- Give a conversation to somebody else, if it still has the owner that the caller saw.
-- own arguments: expected owner, new owner, agent name, handoff JSON ('' keeps the one there is), queue score,
--                only if work has waited since before this ms ('' for any), only if the agent who has it was last seen
--                at this ms ('' for any, 0 for never), only if version and last message are still these, as
--                `<version> <ms>` ('' for any), why it is closed ('' for no reason), what it is called in
--                `happenings`, only if the customer's last message is the one at this place ('' for any), then notices
--                in groups of four (see append_all); with a last seen the first is a note, and the rest is left out if
--                the agent had the last word
-- returns {1, version}; {0, the owner it has} when it was somebody else's; {2, the place of the customer's last message}
--         when that is another one
local expected, owner, agent_name, handoff, score, due_before_ms, last_seen_ms = unpack(ARGV, own + 1, own + 7)
local close_reason, what, seen_entry_id = ARGV[own + 9], ARGV[own + 10], ARGV[own + 11]
local agents = KEYS[29]

local current = redis.call('HGET', conversation, 'owner')
if not current then return { -1, '' } end
if current ~= expected or not waits_since(due_before_ms) then return { 0, current } end
local unchanged = ARGV[own + 8]
if unchanged ~= '' and unchanged ~= table.concat(redis.call('HMGET', conversation, 'version', 'last_at_ms'), ' ') then
  return { 0, current }
end
local newest = redis.call('HGET', conversation, 'customer_entry_id') or ''
if seen_entry_id ~= '' and newest ~= seen_entry_id then return { 2, newest } end
local first_notice, last_notice = own + 12, #ARGV
if last_seen_ms ~= '' then
  local seen_ms = redis.call('ZSCORE', agents, string.sub(current, 7)) or 0
  if tonumber(seen_ms) ~= tonumber(last_seen_ms) then return { 0, current } end
  if redis.call('HGET', conversation, 'last_sender') == 'agent' then
    last_notice = first_notice + 3
    -- Nobody told the customer: their next message is answered with where they stand.
    redis.call('HSET', conversation, 'told_at_ms', 0)
  end
end

forget_work()
local had_name = redis.call('HGET', conversation, 'agent_name')
redis.call('HSET', conversation, 'owner', owner, 'agent_name', agent_name)
-- Only who has it puts it aside.
local was_aside = redis.call('HDEL', conversation, 'snoozed_until_ms') == 1
if owner ~= 'closed' then redis.call('HDEL', conversation, 'closed_at_ms', 'close_reason') end
if handoff ~= '' and (current == 'assistant' or current == 'closed') then
  begin_handoff(handoff)
elseif handoff ~= '' then
  redis.call('HSET', conversation, 'handoff', handoff)
end
if owner == 'queue' and current ~= 'assistant' then
  -- The customer waits for an answer again.
  redis.call('HDEL', conversation, 'answered_at_ms')
  wake()
end
if owner == 'queue' and last_seen_ms == '' and string.sub(current, 1, 6) == 'agent:' then
  -- It was given back, or taken away for want of an answer: it needs somebody else. Who is only gone may have it again.
  redis.call('HSET', conversation, 'returned_by', string.sub(current, 7))
end
if owner == 'queue' then
  redis.call('ZADD', queue, score, id)
else
  redis.call('ZREM', queue, id)
end
if string.sub(owner, 1, 6) == 'agent:' then
  redis.call('ZADD', claimed, now_ms, id)
  if was_aside then wake() end
  hold_alarm()
  redis.call('HSET', conversation, 'last_agent_id', string.sub(owner, 7))
  -- Whoever claims is here, and must not lose it to a process that thought otherwise a moment ago. Who is given it need
  -- not be.
  if what ~= 'transfer' then redis.call('ZADD', agents, now_ms, string.sub(owner, 7)) end
else
  redis.call('ZREM', claimed, id)
end
if owner == 'assistant' or owner == 'closed' then
  -- The assistant starts afresh: what was said to a human is not answered again.
  end_episode(owner == 'closed' and 'closed' or 'handed_back', close_reason, had_name)
  redis.call('HDEL', conversation, 'dialogue')
  if owner == 'closed' then redis.call('HSET', conversation, 'closed_at_ms', now_ms, 'close_reason', close_reason) end
  -- A rating is of the time that humans had it last.
  redis.call('HDEL', conversation, 'rating')
end
if what ~= '' then happened(what, { owner = owner, before = current, close_reason = close_reason }) end
if current == 'assistant' and owner == 'queue' then
  count('handoffs:' .. reason_of(handoff))
else
  count('owner_changes:' .. (({ assistant = 'handed_back', queue = 'put_back', closed = 'closed' })[owner] or 'claimed'))
end
local version = redis.call('HINCRBY', conversation, 'version', 1)
local notices = append_all(first_notice, last_notice)
if owner == 'assistant' and notices == '[]' then
  -- The customer thinks that a human is there: the assistant says otherwise when it speaks next.
  redis.call('HSET', conversation, 'unannounced', 1)
else
  redis.call('HDEL', conversation, 'unannounced')
end
keep()
publish('owner', ',"owner":' .. cjson.encode(owner) .. ',"agent_name":' .. cjson.encode(agent_name) .. ',"messages":' .. notices)
return { 1, version }
