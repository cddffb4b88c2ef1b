-- Whether the assistant has let a message wait since before then; '' asks for nothing.
local function waits_since(before_ms)
  if before_ms == '' then return true end
  local since_ms = redis.call('ZSCORE', due, id)
  return since_ms and tonumber(since_ms) <= tonumber(before_ms)
end

local function forget_work()
  redis.call('DEL', pending)
  redis.call('ZREM', due, id)
  local work_id = redis.call('HGET', conversation, 'work_id')
  if work_id then
    redis.call('XACK', work, 'assistants', work_id)
    redis.call('XDEL', work, work_id)
  end
  redis.call('HDEL', conversation, 'work_id', 'worker', 'begun_at_ms', 'attempt_of', 'attempt_by', 'attempts')
end
