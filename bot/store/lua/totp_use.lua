-- Use the code of a time step, once: a later code makes earlier ones worthless too.
-- KEYS: second factor of an account. ARGV: time step. Answers 1, or 0 when it was used.
if tonumber(redis.call('HGET', KEYS[1], 'last_step') or 0) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'last_step', ARGV[1])
return 1
