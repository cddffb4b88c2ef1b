-- Store the events of one request, all or none.
-- KEYS: inbound. ARGV: each event as JSON
for _, event in ipairs(ARGV) do redis.call('XADD', KEYS[1], '*', 'event', event) end
return #ARGV
