/**
 * A list per user: first `from to`, the positions between which it is complete, then `seq group` of each change, lowest
 * first. An own argument is `[from,to,change,…]`.
 */
export const offlineLua = `
register('offline_push', function(keys, args)
  local max, ttl = tonumber(args[1]), tonumber(args[2])
  for i, key in ipairs(keys) do
    local push = cjson.decode(args[2 + i])
    local from, to, known = push[1], push[2], false
    local bounds = redis.call('LINDEX', key, 0)
    if bounds then
      local first, last = string.match(bounds, '^(%d+) (%d+)$')
      known = to <= tonumber(last)
      if not known and tonumber(last) == from then
        from = tonumber(first)
        redis.call('LPOP', key)
      elseif not known then
        redis.call('DEL', key)
      end
    end
    if not known then
      for first = 3, #push, 1000 do
        redis.call('RPUSH', key, unpack(push, first, math.min(#push, first + 999)))
      end
      local surplus = redis.call('LLEN', key) - max
      if surplus > 0 then
        from = tonumber(string.match(redis.call('LINDEX', key, surplus - 1), '^%d+'))
        redis.call('LTRIM', key, surplus, -1)
      end
      redis.call('LPUSH', key, whole(from) .. ' ' .. whole(to))
      redis.call('PEXPIRE', key, ttl)
    end
  end
end)`
