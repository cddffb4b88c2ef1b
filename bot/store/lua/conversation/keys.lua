-- What every script on a conversation shares: the client sends the files of this folder in front of each of them, in the
-- order of connection.py `_SHARED`.
-- KEYS[1..12] are those of the conversation, KEYS[13..28] those of all, in the order of conversations.py `script_keys`;
-- a script's own keys come behind them.
local conversation, log, ids = KEYS[1], KEYS[2], KEYS[3]
local pending, nlu, states = KEYS[4], KEYS[5], KEYS[6]
local to_send, sends, marks, episodes, missed = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[12]
local work, due, queue, claimed, outbox, active = KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17], KEYS[18]
local figures, sending, media, views, viewed, happenings = KEYS[19], KEYS[20], KEYS[21], KEYS[22], KEYS[23], KEYS[24]
local unread, asks, ratings, answers_used = KEYS[25], KEYS[26], KEYS[27], KEYS[28]
local id, lifetime_s, events = ARGV[1], ARGV[2], ARGV[3]
-- A script's own arguments come behind these three.
local own = 3

-- Redis's clock, so that a jump of one machine's clock reorders nothing.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

local function channel_of()
  return redis.call('HGET', conversation, 'channel') or 'unknown'
end
