-- Store an agent's message, if the conversation is still that agent's.
-- own arguments: expected owner, then one group of four (see append_all)
-- returns {1, entry id}; the first one's entry id for a repeat; {0, the owner it has} when it is somebody else's
local expected = ARGV[own + 1]

local known = redis.call('HGET', ids, ARGV[own + 2])
if known then return { 1, known } end
local current = redis.call('HGET', conversation, 'owner')
if not current then return { -1, '' } end
if current ~= expected then return { 0, current } end
local replies = append_all(own + 2)
keep()
local agent_name = redis.call('HGET', conversation, 'agent_name') or ''
publish('message', ',"owner":' .. cjson.encode(current) .. ',"agent_name":' .. cjson.encode(agent_name)
  .. ',"messages":' .. replies)
return { 1, redis.call('HGET', ids, ARGV[own + 2]) }
