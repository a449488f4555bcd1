-- Patches one record, keeps the rosters in step, and tells who watches. Running it twice
-- does no harm.
-- KEYS: the record, then the rosters to join, then the rosters to leave.
-- ARGV: channel, notice, login, most logins of a roster, milliseconds that a color is
-- kept, number of rosters to join, number of fields to set; then those fields, each with
-- its value; then the fields to remove.
local channel, notice, login = ARGV[1], ARGV[2], ARGV[3]
local kept, colors, joins, sets = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
for i = 2, #KEYS do
  if i > 1 + joins then
    redis.call('ZREM', KEYS[i], login)
  elseif redis.call('ZCARD', KEYS[i]) < kept then
    redis.call('ZADD', KEYS[i], 0, login)
  end
end
for i = 8, 7 + 2 * sets, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
for i = 8 + 2 * sets, #ARGV do
  redis.call('HDEL', KEYS[1], ARGV[i])
end
-- A member that is only timed out goes a day after its timeout has ended, whatever the
-- clocks say. An account that only chose a color goes when it has not chosen for long.
local held = redis.call('HLEN', KEYS[1])
local ends = redis.call('HGET', KEYS[1], 'until')
if ends and held == 1 + redis.call('HEXISTS', KEYS[1], 'banned') + redis.call('HEXISTS', KEYS[1], 'why') then
  redis.call('PEXPIREAT', KEYS[1], tonumber(ends) + 86400000)
elseif held == 1 and redis.call('HEXISTS', KEYS[1], 'color') == 1 then
  redis.call('PEXPIRE', KEYS[1], colors)
else
  redis.call('PERSIST', KEYS[1])
end
redis.call('PUBLISH', channel, notice)
return 1
