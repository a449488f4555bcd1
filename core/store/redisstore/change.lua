-- Patches one record, keeps the rosters in step, and tells who watches. Running it twice
-- does no harm.
-- KEYS: the record, then the rosters to join, then the rosters to leave.
-- ARGV: channel, notice, login, most logins of a roster, number of rosters to join,
-- number of fields to set; then those fields, each with its value; then the fields to
-- remove.
local channel, notice, login = ARGV[1], ARGV[2], ARGV[3]
local kept, joins, sets = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
for i = 2, #KEYS do
  if i > 1 + joins then
    redis.call('ZREM', KEYS[i], login)
  elseif redis.call('ZCARD', KEYS[i]) < kept then
    redis.call('ZADD', KEYS[i], 0, login)
  end
end
for i = 7, 6 + 2 * sets, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
for i = 7 + 2 * sets, #ARGV do
  redis.call('HDEL', KEYS[1], ARGV[i])
end
redis.call('PUBLISH', channel, notice)
return 1
