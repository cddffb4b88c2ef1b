-- Change people, all or nothing, if they still are what the changes were made of.
-- KEYS: people, person-of, views. ARGV: JSON of people.py `_Change`
-- returns 1, or 0 when somebody else was first
local people, person_of, views = KEYS[1], KEYS[2], KEYS[3]
local change = cjson.decode(ARGV[1])

for person_id, version in pairs(change.versions) do
  local known = redis.call('HGET', people, person_id)
  if (known and cjson.decode(known).version or 0) ~= version then return 0 end
end
for customer, person_id in pairs(change.owners) do
  if (redis.call('HGET', person_of, customer) or '') ~= person_id then return 0 end
end
for _, view in ipairs(change.empty_views) do
  if redis.call('ZLEXCOUNT', views, '[' .. view .. '|', '(' .. view .. '}') > 0 then return 0 end
end

for person_id, record in pairs(change.people) do
  if record == '' then redis.call('HDEL', people, person_id) else redis.call('HSET', people, person_id, record) end
end
for customer, person_id in pairs(change.customers) do
  if person_id == '' then
    redis.call('HDEL', person_of, customer)
  else
    redis.call('HSET', person_of, customer, person_id)
  end
end
return 1
