-- The public comment that a conversation is about was removed: nothing is sent under it any more.
-- returns 1, or 0 when the customer has our private reply already: then it is a conversation like any other
if channel_of() ~= 'comment' then return 0 end
redis.call('HSET', conversation, 'private_reply', 'gone')
give_up_waiting('comment_gone', true)
local owner = redis.call('HGET', conversation, 'owner')
if owner == 'assistant' or owner == 'queue' then
  forget_work()
  redis.call('ZREM', queue, id)
  end_episode('closed', '', '')
  redis.call('HSET', conversation, 'owner', 'closed', 'closed_at_ms', now_ms, 'close_reason', '')
  redis.call('HDEL', conversation, 'dialogue')
  redis.call('HINCRBY', conversation, 'version', 1)
  count('owner_changes:closed')
  if owner == 'queue' then happened('close', { owner = 'closed', before = owner, close_reason = '' }) end
  publish('owner', ',"owner":"closed","agent_name":"","messages":[]')
end
keep()
return 1
