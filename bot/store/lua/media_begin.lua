-- Somebody begins to fetch what came with a message.
-- own arguments: message id
-- returns {entry id, message JSON, how many times that was begun}, or nothing for a message that is not there (any more)
local message_id = ARGV[own + 1]
local entry_id = redis.call('HGET', ids, message_id)
local entry = entry_id and redis.call('XRANGE', log, entry_id, entry_id)[1]
if not entry then return nil end
local tries = redis.call('HINCRBY', marks, 'fetches ' .. message_id, 1)
keep()
return { entry_id, entry[2][2], tries }
