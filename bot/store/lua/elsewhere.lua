-- Somebody answers the customer in the platform's own inbox: the assistant has nothing to say any more.
-- own arguments: when (ms of the platform), id of the app that has the thread ('' leaves what is known, 'unknown' for
--                another one than ours), new owner, its name, owners from whom it takes the conversation (between spaces), 1 if this is news of whose thread it
--                is ('' for a guess of ours), and perhaps a group of four: what they said, or a note about it that is
--                stored only if this is news (see append_all)
-- returns {1 if something was new, owner}
local at_ms, control, new_owner, name, takes_from, is_news = unpack(ARGV, own + 1, own + 6)
local message_id, message, sender, text = unpack(ARGV, own + 7, own + 10)
local owner = redis.call('HGET', conversation, 'owner')
if not owner then return { 0, '' } end
-- A repeat of what was said, or noted, says nothing about who has the thread now.
if message_id and redis.call('HEXISTS', ids, message_id) == 1 then return { 0, owner } end
local stored, is_new = '', false

if message_id and sender ~= 'note' then
  local entry_id = append(message_id, message, 'agent', text)
  redis.call('HSET', states, message_id, 'sent')
  redis.call('HSET', sends, 'mid ' .. message_id, message_id .. ' 0', 'at ' .. message_id, at_ms)
  redis.call('HSET', conversation, 'told_at_ms', now_ms)
  count('messages_to_customers:' .. channel_of() .. ':elsewhere')
  stored, is_new = '{"entry_id":"' .. entry_id .. '","message":' .. message .. '}', true
end

-- What happened before the last change of hands came late. An echo and the change that it brings have the same time.
if tonumber(at_ms) >= tonumber(redis.call('HGET', conversation, 'control_at_ms') or '0') then
  if is_news == '1' then redis.call('HSET', conversation, 'control_at_ms', at_ms) end
  local before = redis.call('HGET', conversation, 'control') or ''
  if control == '' or (control == 'unknown' and before ~= '') then control = before end
  redis.call('HSET', conversation, 'control', control)
  local takes = string.find(takes_from, ' ' .. owner .. ' ', 1, true) ~= nil
  if takes then
    forget_work()
    -- What the assistant had to say and was not sent yet comes too late.
    give_up_waiting('other_owner')
    redis.call('HSET', conversation, 'owner', new_owner, 'agent_name', name)
    redis.call('HDEL', conversation, 'dialogue', 'unannounced', 'closed_at_ms', 'close_reason', 'snoozed_until_ms')
    redis.call('ZREM', queue, id)
    redis.call('ZADD', claimed, now_ms, id)
    -- Perhaps nothing was said yet, and whoever looks for what has expired must find it.
    redis.call('HSETNX', conversation, 'last_at_ms', now_ms)
    redis.call('ZADD', active, 'NX', now_ms, id)
    redis.call('HINCRBY', conversation, 'version', 1)
    count('owner_changes:elsewhere')
    owner, is_new = new_owner, true
  elseif owner == new_owner then
    -- Who is about to hand it back decides anew.
    redis.call('HINCRBY', conversation, 'version', 1)
  end
  if sender == 'note' and (takes or control ~= before) then append_note(message_id, message) end
end
keep()
if is_new then
  publish('owner', ',"owner":' .. cjson.encode(owner)
    .. ',"agent_name":' .. cjson.encode(redis.call('HGET', conversation, 'agent_name') or '')
    .. ',"messages":[' .. stored .. ']')
end
return { is_new and 1 or 0, owner }
