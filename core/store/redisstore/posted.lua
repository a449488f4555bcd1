-- Returns names and texts of a board whose time is not over, one behind the other.
-- KEYS 1: the board.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local all, kept = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do
  local ends, text = string.match(all[i + 1], '^(%d+):(.*)$')
  if tonumber(ends) > now then
    kept[#kept + 1] = all[i]
    kept[#kept + 1] = text
  end
end
return kept
