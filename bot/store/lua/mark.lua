-- Note that messages to the customer arrived, were read or failed.
-- own arguments: state, then message ids; returns how many that changed
local message_ids = {}
for at = own + 2, #ARGV do message_ids[#message_ids + 1] = ARGV[at] end
local changed = set_states(message_ids, ARGV[own + 1])
publish_states(changed, ARGV[own + 1])
return #changed
