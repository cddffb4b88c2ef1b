-- Our own site says who the customer is, and has signed it.
-- own arguments: identity, name, e-mail address; the last two may be empty
-- returns 1, or 0 without such a conversation or when all of it is known, or -1 when it is somebody else's
local identity, name, email = unpack(ARGV, own + 1, own + 3)
if redis.call('EXISTS', conversation) == 0 then return 0 end
local known = redis.call('HMGET', conversation, 'identity', 'customer_name', 'customer_email')
if (known[1] or '') ~= '' and known[1] ~= identity then return -1 end
if known[1] == identity and (name == '' or name == known[2]) and (email == '' or email == known[3]) then return 0 end
redis.call('HSET', conversation, 'identity', identity)
if name ~= '' then redis.call('HSET', conversation, 'customer_name', name) end
if email ~= '' then redis.call('HSET', conversation, 'customer_email', email) end
keep()
publish('mark', ',"message_id":""')
return 1
