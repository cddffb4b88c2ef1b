-- ARGV: id, trainer, state, reason, detail, model. Returns 0 when it is not this trainer's (any more).
if in_hand ~= ARGV[1] or redis.call('GET', lease) ~= ARGV[2] then return 0 end
local record = read(in_hand)
record.model = ARGV[6]
if ARGV[3] == 'done' then record.percent = 100 end
ended(record, ARGV[3], ARGV[4], ARGV[5])
return 1
