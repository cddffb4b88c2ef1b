-- The oldest work of a worker that is gone, or that this worker was given and never heard of.
-- KEYS: work, assistants. ARGV: this worker's name, after how many ms without a sign of life a worker counts as gone
-- returns {entry id, conversation id}, or nothing
local work, assistants = KEYS[1], KEYS[2]
local worker, alive_ms = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local gone = {}
if redis.call('EXISTS', work) == 0 then return nil end -- and so no group either; `take` makes one

local function is_gone(name)
  if name == worker then return true end -- it asks for work, so it has none in hand
  if gone[name] == nil then
    local said = redis.call('HGET', assistants, name)
    gone[name] = not said or now_ms - tonumber(string.match(said, '^%d+')) > alive_ms
  end
  return gone[name]
end

for _, entry in ipairs(redis.call('XPENDING', work, 'assistants', '-', '+', 100)) do
  if is_gone(entry[2]) then
    local claimed = redis.call('XCLAIM', work, 'assistants', worker, 0, entry[1])[1]
    -- One that was deleted while it was pending comes back without fields.
    if claimed and claimed[2] then return { claimed[1], claimed[2][2] } end
    redis.call('XACK', work, 'assistants', entry[1])
  end
end
return nil
