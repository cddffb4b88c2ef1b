-- Store a message, if the conversation is still the one's who says it.
-- own arguments: expected owner, only if work has waited since before this ms ('' for any), then one group of four (see
--                append_all)
-- returns {1, entry id}; the first one's entry id for a repeat; {0, the owner it has} when it is somebody else's
local expected, due_before_ms = ARGV[own + 1], ARGV[own + 2]

local known = redis.call('HGET', ids, ARGV[own + 3])
if known then return { 1, known } end
local current = redis.call('HGET', conversation, 'owner')
if not current then return { -1, '' } end
if current ~= expected or not waits_since(due_before_ms) then return { 0, current } end
local replies = append_all(own + 3)
keep()
local agent_name = redis.call('HGET', conversation, 'agent_name') or ''
publish('message', ',"owner":' .. cjson.encode(current) .. ',"agent_name":' .. cjson.encode(agent_name)
  .. ',"messages":' .. replies)
return { 1, redis.call('HGET', ids, ARGV[own + 3]) }
