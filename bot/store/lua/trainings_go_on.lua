-- ARGV: id, trainer, lease in ms, step, percent. Returns 0 when it is not this trainer's (any more): it was cancelled.
if in_hand ~= ARGV[1] or redis.call('GET', lease) ~= ARGV[2] then return 0 end
redis.call('PEXPIRE', lease, ARGV[3])
local record = read(in_hand)
if record.step ~= ARGV[4] or record.percent ~= tonumber(ARGV[5]) then
  record.step, record.percent = ARGV[4], tonumber(ARGV[5])
  saved(record)
end
return 1
