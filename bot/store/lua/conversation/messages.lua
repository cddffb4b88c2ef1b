-- Whether a message of a customer is what became of an edit of another one.
local function is_edit_of(message_id, original_id)
  local length = #original_id
  return string.sub(message_id, 1, length) == original_id and string.find(message_id, '^~%d+$', length + 1) ~= nil
end

-- A message that is to be shown: its place in the log, and what lists show of the conversation. What came with it is to
-- be fetched. Inside a text a quote has a backslash in front, so that no text looks like attachments.
local function append(message_id, message, sender, text)
  local entry_id = redis.call('XADD', log, '*', 'message', message)
  if string.find(message, '"attachments":[{', 1, true) then redis.call('ZADD', media, now_ms, id .. ' ' .. message_id) end
  redis.call('HSET', ids, message_id, entry_id)
  -- Two in one millisecond have two times: by it one sees whether anything was said since.
  local before_ms, at_ms = tonumber(redis.call('HGET', conversation, 'last_at_ms') or '0'), now_ms
  if before_ms >= now_ms and before_ms < now_ms + 1000 then at_ms = before_ms + 1 end
  redis.call('HSET', conversation, 'last_at_ms', at_ms, 'last_sender', sender, 'last_text', text)
  if sender == 'customer' then
    redis.call('HSET', conversation, 'last_customer_text', text, 'customer_entry_id', entry_id)
  end
  if sender == 'agent' then note_answer(entry_id) end
  redis.call('ZADD', active, now_ms, id)
  -- Somebody spoke: whether the answer before it helped is not asked any more.
  redis.call('ZREM', asks, id)
  return entry_id
end

-- A note is for agents only. It has a place in the log, and changes nothing of what the customer has or waits for.
local function append_note(message_id, message)
  redis.call('HSET', ids, message_id, redis.call('XADD', log, '*', 'message', message))
end

-- Whether what is said to the customer is sent to a platform, which can refuse it, rather than fetched by the customer.
local function is_on_platform()
  return redis.call('HEXISTS', conversation, 'page_id') == 1
end

-- Something happened that may let through what waits to be sent. A sender that is at it goes on.
local function try_to_send_now()
  if redis.call('EXISTS', to_send) == 1 and redis.call('HEXISTS', sends, 'claim') == 0 then
    redis.call('ZADD', sending, now_ms, id)
  end
end

-- A message to the customer waits in the outbox until its channel says that it arrived. On a platform it is in line to
-- be sent first; a conversation that waits before it is tried again keeps that time.
local function append_outgoing(message_id, message, sender, text)
  local entry_id = append(message_id, message, sender, text)
  if is_on_platform() then
    redis.call('HSET', states, message_id, 'waiting')
    redis.call('RPUSH', to_send, message_id)
    redis.call('ZADD', sending, 'NX', now_ms, id)
  else
    redis.call('HSET', states, message_id, 'sent')
  end
  redis.call('ZADD', outbox, now_ms, id .. ' ' .. message_id)
  redis.call('HSET', conversation, 'told_at_ms', now_ms)
  count('messages_to_customers:' .. channel_of() .. ':' .. sender)
  count_if_answer(message)
  return entry_id
end

-- Arguments come in groups of four from `from` to `last` (all without it): message id, JSON, sender, text for lists.
-- Returns JSON of those that the customer may read, each with its place in the log.
local function append_all(from, last)
  local stored = {}
  for at = from, last or #ARGV, 4 do
    if ARGV[at + 2] == 'note' then
      append_note(ARGV[at], ARGV[at + 1])
    else
      local entry_id = append_outgoing(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
      stored[#stored + 1] = '{"entry_id":"' .. entry_id .. '","message":' .. ARGV[at + 1] .. '}'
    end
  end
  return '[' .. table.concat(stored, ',') .. ']'
end
