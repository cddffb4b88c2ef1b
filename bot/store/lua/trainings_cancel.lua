-- ARGV: id, who. Returns 0 when there is nothing to stop. Its trainer finds out at its next sign of life.
local record = read(ARGV[1])
if not record or (record.state ~= 'asked' and record.state ~= 'running') then return 0 end
if redis.call('GET', waiting) == ARGV[1] then redis.call('DEL', waiting) end
record.cancelled_by = ARGV[2]
if in_hand == ARGV[1] then
  ended(record, 'cancelled', '', '')
else
  redis.call('HINCRBY', KEYS[8], 'trainings:cancelled', 1)
  record.state, record.ended_at_ms = 'cancelled', now_ms()
  saved(record)
end
return 1
