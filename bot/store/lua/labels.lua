-- Change the labels of a conversation.
-- own arguments: `set`, `add`, `remove` or `change`, how many it may have, then names: all, one, one, or one that has
--                another name by now, or is gone
-- returns JSON of the labels that it has now; nothing without such a conversation; 0 if it would have too many
local what, limit, first = ARGV[own + 1], tonumber(ARGV[own + 2]), ARGV[own + 3]
local changes = KEYS[29]
if redis.call('EXISTS', conversation) == 0 then return nil end
local before = redis.call('HGET', conversation, 'labels') or '[]'
local wanted = cjson.decode(before)
if what == 'set' then
  wanted = {}
  for at = own + 3, #ARGV do wanted[#wanted + 1] = ARGV[at] end
elseif what == 'add' then
  wanted[#wanted + 1] = first
elseif what == 'remove' or what == 'change' then
  local name = ''
  if what == 'change' then name = redis.call('HGET', changes, first) end
  -- The change is done already: who has the name now has the new label that was given it since.
  if not name then return before end
  for at = #wanted, 1, -1 do
    if wanted[at] == first then
      if name == '' then table.remove(wanted, at) else wanted[at] = name end
    end
  end
end
local found, seen = {}, {}
for _, name in ipairs(wanted) do
  if not seen[name] then
    seen[name] = true
    found[#found + 1] = name
  end
end
if #found > limit and (what == 'set' or what == 'add') then return 0 end
local after = #found > 0 and cjson.encode(found) or '[]'
if after == before then return after end
if #found > 0 then
  redis.call('HSET', conversation, 'labels', after)
else
  redis.call('HDEL', conversation, 'labels')
end
keep()
publish('mark', ',"message_id":""')
return after
