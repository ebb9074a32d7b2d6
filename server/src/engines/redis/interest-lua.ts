/**
 * A text per user: `node until node until …`, the nodes that have the user's sockets, each until its time by the clock of
 * Redis, which all of them share. Read with a plain MGET.
 */
export const interestLua = `
local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function other_nodes(nodes, node, now)
  local others = {}
  for name, until_at in string.gmatch(nodes, '(%S+) (%d+)') do
    if name ~= node and tonumber(until_at) > now then others[#others + 1] = name .. ' ' .. until_at end
  end
  return others
end

register('interest_add', function(keys, args)
  local node, ttl, now = args[1], tonumber(args[2]), now_ms()
  local own = node .. ' ' .. whole(now + ttl)
  for _, key in ipairs(keys) do
    local nodes = redis.call('GET', key)
    local all = nodes and other_nodes(nodes, node, now) or {}
    all[#all + 1] = own
    redis.call('SET', key, table.concat(all, ' '), 'PX', ttl)
  end
end)

register('interest_remove', function(keys, args)
  local now = now_ms()
  for _, key in ipairs(keys) do
    local nodes = redis.call('GET', key)
    if nodes then
      local others = other_nodes(nodes, args[1], now)
      if #others > 0 then
        redis.call('SET', key, table.concat(others, ' '), 'KEEPTTL')
      else
        redis.call('DEL', key)
      end
    end
  end
end)`
