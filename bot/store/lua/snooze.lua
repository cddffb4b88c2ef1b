-- Its agent puts a conversation aside until later, or takes it up again.
-- own arguments: expected owner, until when (ms; 0 takes it up), when the promise is looked at then (ms, 0 for never),
--                only if it is put aside until this ms ('' for any), only if the customer's last message is the one at
--                this place ('' for any), then perhaps a group of four: a note (see append_all)
-- returns {1, ''}; {0, the owner it has} when it was somebody else's, or put aside until another time; {2, the place of
--         the customer's last message} when that is another one
local expected, until_ms, due_ms = ARGV[own + 1], tonumber(ARGV[own + 2]), ARGV[own + 3]
local if_until_ms, seen_entry_id = ARGV[own + 4], ARGV[own + 5]
local current = redis.call('HGET', conversation, 'owner')
if not current then return { -1, '' } end
if current ~= expected then return { 0, current } end
if if_until_ms ~= '' and redis.call('HGET', conversation, 'snoozed_until_ms') ~= if_until_ms then return { 0, current } end
local newest = redis.call('HGET', conversation, 'customer_entry_id') or ''
if seen_entry_id ~= '' and newest ~= seen_entry_id then return { 2, newest } end
if until_ms > 0 then
  redis.call('HSET', conversation, 'snoozed_until_ms', until_ms)
  local handoff = redis.call('HGET', conversation, 'handoff')
  if handoff and tonumber(due_ms) > 0 then
    -- What was promised is promised from then on.
    local said = cjson.decode(handoff)
    if (tonumber(due_ms) or 0) > (said.resolve_due_ms or 0) then
      handoff = string.gsub(handoff, '"resolve_due_ms":%d+', '"resolve_due_ms":' .. due_ms, 1)
      redis.call('HSET', conversation, 'handoff', handoff)
    end
  end
else
  if redis.call('HDEL', conversation, 'snoozed_until_ms') == 0 then return { 1, '' } end
  wake()
  redis.call('HSET', conversation, 'woken_at_ms', now_ms)
end
if ARGV[own + 6] then append_note(ARGV[own + 6], ARGV[own + 7]) end
redis.call('HINCRBY', conversation, 'version', 1)
keep()
publish('owner', ',"owner":' .. cjson.encode(current)
  .. ',"agent_name":' .. cjson.encode(redis.call('HGET', conversation, 'agent_name') or '') .. ',"messages":[]')
return { 1, '' }
