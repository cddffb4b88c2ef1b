-- Put deliveries in line; everything up to a place in the happenings is dealt with, in the same step.
-- KEYS: hooks, happenings-read, then deliveries, line and due of each hook. ARGV: reader, the place, now (ms), then for
-- each delivery: which of the hooks (from 1), its id, the delivery's id, record, conversation, order.
local hooks, read = KEYS[1], KEYS[2]
local now_ms = ARGV[3]
for i = 4, #ARGV, 6 do
  local hook_number, hook_id, id, record, conversation, order = unpack(ARGV, i, i + 5)
  local first_key = 3 * tonumber(hook_number)
  local deliveries, line, due = KEYS[first_key], KEYS[first_key + 1], KEYS[first_key + 2]
  -- Not for a hook that was removed meanwhile, nor again what is there already.
  if redis.call('HEXISTS', hooks, hook_id) == 1 and redis.call('HSETNX', deliveries, id, record) == 1 then
    redis.call('ZADD', line, 0, conversation .. ' ' .. order .. ' ' .. id)
    make_first_due(line, due, conversation, now_ms)
  end
end
redis.call('HSET', read, ARGV[1], ARGV[2])
