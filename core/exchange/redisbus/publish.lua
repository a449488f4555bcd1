-- Publishes lines of one partition: all of them, or none, and once however often it is
-- called with one number.
-- KEYS  1: the publisher's last number; then for each room: stream, counter.
-- ARGV  1 number  2 "1" if a number before it must be here  3 PUBLISH or SPUBLISH
--       4 channel  5 epoch of a room without one, 8 bytes
--       6, 7, 8 milliseconds for which number, stream and counter are kept
--       9 entries of a stream at most  10 seconds between two marks of a stream
--       11 lines of a stream that are kept whatever their age; then for each room: how
--       many parts, and for each part: how many lines, body.
-- Returns 1: published; 0: it was before; -1: nobody knows.
local number, last = tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[1]) or nil)
if last then
  if number == last then return 0 end
  if number < last then return -1 end
elseif ARGV[2] == '1' then
  return -1
end
-- Marks a stream if it is time, with its last number before and after this call, and trims it.
local function mark(stream, counter, before, seq)
  local now = tonumber(redis.call('TIME')[1])
  local marks = redis.call('HMGET', counter, 't', 'o', 'n')
  local marked = tonumber(marks[1] or nil)
  if not marked or now < marked then -- the room is new, or the clock went back
    redis.call('HSET', counter, 't', now, 'o', 0, 'n', before)
  elseif now - marked >= tonumber(ARGV[10]) then
    -- What was before the older mark is older than two times between marks.
    local first = math.min(tonumber(marks[2] or 0), seq - tonumber(ARGV[11]) + 1)
    if first > 0 then redis.call('XTRIM', stream, 'MINID', '~', string.format('%.0f', first)) end
    redis.call('HSET', counter, 't', now, 'o', marks[3] or 0, 'n', before)
  end
end
-- First of all writes: where writes are refused nothing is done.
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[6])
local payload, a = {}, 12
for k = 2, #KEYS, 2 do
  local stream, counter = KEYS[k], KEYS[k + 1]
  local kept = redis.call('HMGET', counter, 'e', 'q')
  local epoch, seq = kept[1], tonumber(kept[2] or nil)
  if not epoch or not seq then
    epoch, seq = ARGV[5], 0
    redis.call('DEL', stream) -- its numbers are of another epoch
  end
  local before, parts = seq, {}
  local n = tonumber(ARGV[a])
  a = a + 1
  for i = 1, n do
    local body = ARGV[a + 1]
    parts[i] = struct.pack('>I4', 16 + #body) .. epoch .. struct.pack('>I8', seq + 1) .. body
    seq = seq + tonumber(ARGV[a])
    a = a + 2
  end
  local whole = table.concat(parts)
  redis.call('HSET', counter, 'e', epoch, 'q', seq)
  redis.call('PEXPIRE', counter, ARGV[8])
  redis.call('XADD', stream, 'MAXLEN', '~', ARGV[9], string.format('%.0f-%.0f', seq, seq - before), 'p', whole)
  redis.call('PEXPIRE', stream, ARGV[7])
  if math.floor(before / 32) ~= math.floor(seq / 32) then mark(stream, counter, before, seq) end
  payload[#payload + 1] = whole
end
redis.call(ARGV[3], ARGV[4], table.concat(payload))
return 1
