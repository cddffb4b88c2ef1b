-- Take the next pending message of a conversation for one worker.
-- own arguments: work id (entry of the work stream that woke the worker), worker's token for this turn
-- returns nothing if there is nothing to do, else {entry id, message JSON, version, dialogue, owner}
local work_id, token = unpack(ARGV, own + 1)

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
redis.call('HSET', conversation, 'worker', token)
return {
  entry_id,
  entry[2][2],
  redis.call('HGET', conversation, 'version'),
  redis.call('HGET', conversation, 'dialogue') or '',
}
