-- Keeps a text on a board, or takes it away.
-- KEYS 1: the board. ARGV: name, text, milliseconds to keep it, names at most.
-- Returns 0 if the board is full, else 1.
local board, name, ttl = KEYS[1], ARGV[1], tonumber(ARGV[3])
if ttl <= 0 then
  redis.call('HDEL', board, name)
  return 1
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local most = tonumber(ARGV[4])
if redis.call('HLEN', board) >= most and redis.call('HEXISTS', board, name) == 0 then
  local all = redis.call('HGETALL', board)
  for i = 1, #all, 2 do
    if tonumber(string.match(all[i + 1], '^%d+')) <= now then
      redis.call('HDEL', board, all[i])
    end
  end
  if redis.call('HLEN', board) >= most then
    return 0
  end
end
redis.call('HSET', board, name, string.format('%.0f', now + ttl) .. ':' .. ARGV[2])
if redis.call('PTTL', board) < ttl then
  redis.call('PEXPIRE', board, ttl)
end
return 1
