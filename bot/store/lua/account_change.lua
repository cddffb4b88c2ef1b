-- Change an account, or take it away; never the last admin who can sign in with a password.
-- KEYS: accounts; when it is taken away also all that is only of this account.
-- ARGV: account id; the fields to change as JSON, or nothing to take it away.
-- Answers the account as it is (was, when taken away), 'gone' or 'last admin'.
local known = redis.call('HGET', KEYS[1], ARGV[1])
if not known then return 'gone' end

local function is_admin(account)
  if account.is_disabled or account.password_hash == '' then return false end
  for _, role in ipairs(account.roles) do
    if role == 'admin' then return true end
  end
  return false
end

local function is_other_admin()
  for _, record in ipairs(redis.call('HVALS', KEYS[1])) do
    local account = cjson.decode(record)
    if account.id ~= ARGV[1] and is_admin(account) then return true end
  end
  return false
end

local account = cjson.decode(known)
local was_admin = is_admin(account)
local removes = ARGV[2] == ''
if not removes then
  for name, value in pairs(cjson.decode(ARGV[2])) do account[name] = value end
end
if was_admin and (removes or not is_admin(account)) and not is_other_admin() then return 'last admin' end

if removes then
  redis.call('HDEL', KEYS[1], ARGV[1])
  for i = 2, #KEYS do redis.call('DEL', KEYS[i]) end
  return known
end
local changed = cjson.encode(account)
redis.call('HSET', KEYS[1], ARGV[1], changed)
return changed
