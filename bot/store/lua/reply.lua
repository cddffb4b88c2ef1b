-- Store a message, if the conversation is still the one's who says it.
-- own arguments: expected owner, only if work has waited since before this ms ('' for any), only if the customer's last
--                message is the one at this place ('' for any), then one group of four (see append_all)
-- returns {1, entry id}; the first one's entry id for a repeat; {0, the owner it has} when it is somebody else's; {2, the
--         place of the customer's last message} when that is another one
local expected, due_before_ms, seen_entry_id = ARGV[own + 1], ARGV[own + 2], ARGV[own + 3]

local known = redis.call('HGET', ids, ARGV[own + 4])
if known then return { 1, known } end
local current = redis.call('HGET', conversation, 'owner')
if not current then return { -1, '' } end
if current ~= expected or not waits_since(due_before_ms) then return { 0, current } end
local newest = redis.call('HGET', conversation, 'customer_entry_id') or ''
if seen_entry_id ~= '' and newest ~= seen_entry_id then return { 2, newest } end
local replies = append_all(own + 4)
keep()
local agent_name = redis.call('HGET', conversation, 'agent_name') or ''
publish('message', ',"owner":' .. cjson.encode(current) .. ',"agent_name":' .. cjson.encode(agent_name)
  .. ',"messages":' .. replies)
return { 1, redis.call('HGET', ids, ARGV[own + 4]) }
