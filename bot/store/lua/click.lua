-- Store that a customer pressed a button of a question of ours: whether an answer helped, how an agent did. It reopens
-- nothing, and nobody has to answer it.
-- own arguments: one group of four (see append_all) of the customer, `helped`, `rating` or '' to store it only, what was
--                pressed: `yes`, `no`, or 1 to 5, for how many ms a rating may be changed, then one group of four: the thanks
-- returns {entry id, 1 if it was stored before, owner, rating if it is news, else 0, department of it}; nothing without
--         such a conversation
local message_id, message = ARGV[own + 1], ARGV[own + 2]
local kind, said, change_ms = unpack(ARGV, own + 5, own + 7)
-- A rating comes soon, or not at all.
local rated_of_last = 20

local owner = redis.call('HGET', conversation, 'owner')
if not owner then return nil end
local known = redis.call('HGET', ids, message_id)
if known or redis.call('HEXISTS', marks, 'deleted ' .. message_id) == 1 then return { known or '', 1, owner, 0, '' } end

-- Of the last time that an agent solved it: that is what the customer was asked about. Returns whether it is the first
-- word about that, and the department; nothing if it is no news.
local function rate_agent(rating)
  for place = -1, -math.min(rated_of_last, redis.call('LLEN', episodes)), -1 do
    local episode = cjson.decode(redis.call('LINDEX', episodes, place))
    if episode.close_reason == 'solved' and episode.answered_at_ms > 0 then
      local before, before_ms = episode.rating, episode.rated_at_ms
      if before == rating or (before > 0 and now_ms - before_ms > tonumber(change_ms)) then return nil end
      episode.rating, episode.rated_at_ms = rating, now_ms
      redis.call('LSET', episodes, place, cjson.encode(episode))
      if place == -1 then redis.call('HSET', conversation, 'rating', rating) end
      keep_rating({ rating = rating, agent_id = episode.agent_id, agent_name = episode.agent_name,
        department = episode.department }, before > 0 and before_ms)
      if before == 0 then count('agents_rated:' .. rating) end
      happened('rating', { rating = rating, agent_id = episode.agent_id, department = episode.department })
      return before == 0, episode.department
    end
  end
end

-- Unlike `append`: nobody waits for an answer to it.
local entry_id = redis.call('XADD', log, '*', 'message', message)
redis.call('HSET', ids, message_id, entry_id)
redis.call('ZADD', active, now_ms, id)
count('messages_received:' .. channel_of())

local rating, thank, department = 0, false, ''
if kind == 'helped' and owner == 'assistant' then
  thank = rate_answer(said)
elseif kind == 'rating' then
  local is_first, of = rate_agent(tonumber(said))
  if of then rating, thank, department = tonumber(said), is_first, of end
end
local stored = '{"entry_id":"' .. entry_id .. '","message":' .. message .. '}'
-- Whoever waits for an answer to something else gets that.
local is_quiet = owner == 'closed' or (owner == 'assistant' and redis.call('LLEN', pending) == 0)
if thank and is_quiet and ARGV[own + 8] then
  stored = stored .. ',' .. string.sub(append_all(own + 8), 2, -2)
end
keep()
publish('message', ',"owner":' .. cjson.encode(owner)
  .. ',"agent_name":' .. cjson.encode(redis.call('HGET', conversation, 'agent_name') or '')
  .. ',"messages":[' .. stored .. ']')
return { entry_id, 0, owner, rating, department }
