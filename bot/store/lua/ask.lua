-- Ask whether the assistant's answer helped, if nobody has spoken since.
-- own arguments: when the answer was given, as `asks` has it, no sooner again than after so many ms, then one group of four
--                (see append_all); without it nothing is asked, now or later
-- returns 1 if it was asked, else 0
local answered_ms, again_ms = ARGV[own + 1], tonumber(ARGV[own + 2])

local waits_since_ms = redis.call('ZSCORE', asks, id)
if not waits_since_ms or tonumber(waits_since_ms) ~= tonumber(answered_ms) then return 0 end
redis.call('ZREM', asks, id)
local known = redis.call('HMGET', conversation, 'owner', 'asked_at_ms')
if not ARGV[own + 3] or known[1] ~= 'assistant' or redis.call('LLEN', pending) > 0 then return 0 end
if known[2] and now_ms - tonumber(known[2]) < again_ms then return 0 end
redis.call('HSET', conversation, 'asked_at_ms', now_ms)
local messages = append_all(own + 3)
-- Nobody has to see to it that a question arrives: who never fetches it, as a program on the REST channel, leaves nothing
-- in the outbox.
if not is_on_platform() then redis.call('ZREM', outbox, id .. ' ' .. ARGV[own + 3]) end
keep()
publish('message', ',"owner":"assistant","messages":' .. messages)
return 1
