-- Marks a line of a member: keeps when its earliest and its latest were, and for how
-- long. The field "spoken" of the member is of an older version, which knew no times.
-- Running it twice does no harm.
-- KEYS: the mark, the member. ARGV: when the line was, the time of nobody knows when,
-- for how long the mark is kept; in milliseconds.
local first, last = ARGV[1], ARGV[1]
if redis.call('HDEL', KEYS[2], 'spoken') == 1 then
  first = ARGV[2]
end
local f, l = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
if f and tonumber(f) < tonumber(first) then
  first = f
end
if l and tonumber(l) > tonumber(last) then
  last = l
end
redis.call('SET', KEYS[1], first .. ' ' .. last, 'PX', ARGV[3])
return 1
