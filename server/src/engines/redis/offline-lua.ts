/**
 * A list per user: first `from to span`, the positions between which it is complete and the span of time of its last push,
 * then `seq group` of each change, lowest first. An own argument is `[from,to,change,…]`. Answers are pairs of a span and
 * by how many changes its lists have grown.
 */
export const offlineLua = `
local function offline_bounds(key)
  local bounds = redis.call('LINDEX', key, 0)
  if not bounds then return nil end
  local from, to, span = string.match(bounds, '^(%d+) (%d+) (%d+)$')
  return tonumber(from), tonumber(to), span
end

local function pairs_of(grown)
  local flat = {}
  for span, by in pairs(grown) do
    flat[#flat + 1] = span
    flat[#flat + 1] = by
  end
  return flat
end

register('offline_push', function(keys, args)
  local max, ttl, span = tonumber(args[1]), tonumber(args[2]), args[3]
  local grown = {}
  for i, key in ipairs(keys) do
    local push = cjson.decode(args[3 + i])
    local from, to = push[1], push[2]
    local first, last, last_span = offline_bounds(key)
    if not last or to > last then
      if last then grown[last_span] = (grown[last_span] or 0) - redis.call('LLEN', key) + 1 end
      if last == from then
        from = first
        redis.call('LPOP', key)
      elseif last then
        redis.call('DEL', key)
      end
      for at = 3, #push, 1000 do
        redis.call('RPUSH', key, unpack(push, at, math.min(#push, at + 999)))
      end
      local length = redis.call('LLEN', key)
      if length > max then
        from = tonumber(string.match(redis.call('LINDEX', key, length - max - 1), '^%d+'))
        redis.call('LTRIM', key, length - max, -1)
        length = max
      end
      redis.call('LPUSH', key, whole(from) .. ' ' .. whole(to) .. ' ' .. span)
      redis.call('PEXPIRE', key, ttl)
      grown[span] = (grown[span] or 0) + length
    end
  end
  return pairs_of(grown)
end)

register('offline_drop', function(keys)
  local grown = {}
  for _, key in ipairs(keys) do
    local _, last, span = offline_bounds(key)
    if last then
      grown[span] = (grown[span] or 0) - redis.call('LLEN', key) + 1
      redis.call('DEL', key)
    end
  end
  return pairs_of(grown)
end)

register('offline_count', function(keys, args)
  for i = 2, #args, 2 do redis.call('HINCRBY', keys[1], args[i], args[i + 1]) end
  redis.call('PEXPIRE', keys[1], args[1])
end)`
