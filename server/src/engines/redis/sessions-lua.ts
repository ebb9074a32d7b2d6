/**
 * A hash per user: session id → `[until,node,device]`. The key lives as long as its last session; what ran out before is
 * left out by who reads, and swept when there are many.
 */
export const sessionsLua = `
local function sweep_sessions(key, now)
  local all = redis.call('HGETALL', key)
  for i = 2, #all, 2 do
    if tonumber(string.match(all[i], '^%[(%d+)')) <= now then redis.call('HDEL', key, all[i - 1]) end
  end
end

register('sessions_put', function(keys, args)
  local now, ttl = tonumber(args[1]), tonumber(args[2])
  for i, key in ipairs(keys) do
    if redis.call('HSET', key, args[2 * i + 1], args[2 * i + 2]) == 1 and redis.call('HLEN', key) > 16 then
      sweep_sessions(key, now)
    end
    if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, ttl) end
  end
end)

register('sessions_remove', function(keys, args)
  for i, key in ipairs(keys) do redis.call('HDEL', key, args[i]) end
end)

register('sessions_find', function(keys)
  local found = {}
  for i, key in ipairs(keys) do found[i] = redis.call('HGETALL', key) end
  return found
end)`
