-- Take the next pending message of a conversation for one worker.
-- own arguments: work id (entry of the work stream that woke the worker), worker's token for this turn, worker's name
-- returns nothing if there is nothing to do, else {entry id, message JSON, version, dialogue, how many workers began it,
--         what the customer made of the text since, as JSON, or '', channel, 1 if the customer still thinks that a human
--         is there, the customer's name or ''}
local work_id, token, worker = unpack(ARGV, own + 1, own + 3)

if redis.call('HGET', conversation, 'work_id') ~= work_id then
  -- Left over from before a human took over: nobody waits for it.
  redis.call('XACK', work, 'assistants', work_id)
  redis.call('XDEL', work, work_id)
  return nil
end
local entry_id = redis.call('LINDEX', pending, 0)
local entry = entry_id and redis.call('XRANGE', log, entry_id, entry_id)[1]
if not entry or redis.call('HGET', conversation, 'owner') ~= 'assistant' then
  forget_work()
  return nil
end
-- A worker that begins again after a broken connection is the same attempt; another one means that the first is gone.
local attempts = 1
local before = redis.call('HMGET', conversation, 'attempt_of', 'attempt_by', 'attempts')
if before[1] == entry_id then
  attempts = tonumber(before[3]) + (before[2] == worker and 0 or 1)
end
redis.call('HSET', conversation, 'worker', token, 'begun_at_ms', now_ms,
  'attempt_of', entry_id, 'attempt_by', worker, 'attempts', attempts)
return {
  entry_id,
  entry[2][2],
  redis.call('HGET', conversation, 'version'),
  redis.call('HGET', conversation, 'dialogue') or '',
  attempts,
  redis.call('HGET', marks, 'edit ' .. cjson.decode(entry[2][2]).id) or '',
  channel_of(),
  redis.call('HEXISTS', conversation, 'unannounced'),
  redis.call('HGET', conversation, 'customer_name') or '',
}
