-- Tell agents something, once; it changes nothing else.
-- own arguments: a group of four, the note (see append_all)
-- returns 1, or 0 for a repeat or without such a conversation
if redis.call('EXISTS', conversation) == 0 or redis.call('HEXISTS', ids, ARGV[own + 1]) == 1 then return 0 end
append_note(ARGV[own + 1], ARGV[own + 2])
keep()
publish('mark', ',"message_id":' .. cjson.encode(ARGV[own + 1]))
return 1
