-- Takes one line out of every bucket of an account, or out of none.
-- KEYS: the buckets. ARGV: for each bucket its size and its window in milliseconds.
-- Returns 1 when every bucket had a line left, and has given it.
for i, bucket in ipairs(KEYS) do
  if tonumber(redis.call('GET', bucket) or '0') >= tonumber(ARGV[2 * i - 1]) then
    return 0
  end
end
for i, bucket in ipairs(KEYS) do
  if redis.call('INCR', bucket) == 1 then
    redis.call('PEXPIRE', bucket, ARGV[2 * i])
  end
end
return 1
