/**
 * A hash per user. Field `` holds the state: the position, the marks over all groups and the counts, which every change
 * keeps. `g<id>` is an unread group, `m<id>` the marks of one group, kept also when the group is not in the set: it may
 * change later without news and must not come back for that. So a flush costs what it changes and a badge one field.
 *
 * A mark over all groups and the passing of retention go through the set, and only when something in it falls under them:
 * `min_unread`, `min_unseen` and `oldest` are lower bounds of what there is.
 */
export const unreadLua = `
local nothing, everything = -1e15, 9e15

local function load_set(key)
  local raw = redis.call('HGET', key, '')
  if not raw then return nil end
  local set = {}
  set.up_to, set.read, set.seen, set.unread, set.unseen, set.marks, set.sweep_at, set.oldest, set.youngest_taken,
    set.min_unread, set.min_unseen, set.types = cmsgpack.unpack(raw)
  return set
end

-- One value after the other: names would cost more than all of them.
local function save_set(key, set)
  redis.call('HSET', key, '', cmsgpack.pack(set.up_to, set.read, set.seen, set.unread, set.unseen, set.marks, set.sweep_at,
    set.oldest, set.youngest_taken, set.min_unread, set.min_unseen, set.types))
end

local function marks_of(key, set, id)
  if set.marks == 0 then return 0, 0, 0 end
  local raw = redis.call('HGET', key, 'm' .. id)
  if not raw then return 0, 0, 0 end
  return cmsgpack.unpack(raw)
end

local function count(set, kind, unseen, by)
  set.unread = set.unread + by
  if unseen then set.unseen = set.unseen + by end
  local left = (set.types[kind] or 0) + by
  if left > 0 then set.types[kind] = left else set.types[kind] = nil end
end

-- Counts a group and says whether it is unseen; nil, and nothing counted, when it is read or deleted.
local function admit(set, kind, created, seq, read, seen, deleted)
  local read_to = math.max(set.read, read)
  if deleted > 0 or seq <= read_to then return nil end
  local unseen = seq > math.max(set.seen, seen, read_to)
  count(set, kind, unseen, 1)
  set.oldest = math.min(set.oldest, created)
  set.min_unread = math.min(set.min_unread, seq)
  if unseen then set.min_unseen = math.min(set.min_unseen, seq) end
  return unseen
end

-- Puts a group in, in place of what was known of it, or takes it out where it does not count.
local function set_group(key, set, known, id, kind, created, seq, is_visible, read, seen, deleted)
  if known then
    local _, _, known_kind, was_unseen = cmsgpack.unpack(known)
    count(set, known_kind, was_unseen, -1)
  end
  local unseen
  if is_visible then unseen = admit(set, kind, created, seq, read, seen, deleted) end
  if unseen ~= nil then
    redis.call('HSET', key, 'g' .. id, cmsgpack.pack(seq, created, kind, unseen))
  elseif known then
    redis.call('HDEL', key, 'g' .. id)
  end
end

-- Judges every group anew; drops what is older than created_from, and marks that say no more than those over all.
local function walk(key, set, created_from)
  local all = redis.call('HGETALL', key)
  local marks = {}
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 1) == 'm' then
      local read, seen, deleted = cmsgpack.unpack(all[i + 1])
      if deleted == 0 and read <= set.read and seen <= math.max(set.seen, set.read) then
        redis.call('HDEL', key, all[i])
        set.marks = set.marks - 1
      else
        marks[string.sub(all[i], 2)] = { read, seen, deleted }
      end
    end
  end
  set.unread, set.unseen, set.types = 0, 0, {}
  set.oldest, set.min_unread, set.min_unseen = everything, everything, everything
  local none = { 0, 0, 0 }
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 1) == 'g' then
      local seq, created, kind, was_unseen = cmsgpack.unpack(all[i + 1])
      local own = marks[string.sub(all[i], 2)] or none
      local unseen
      if created < created_from then
        set.youngest_taken = math.max(set.youngest_taken, created)
      else
        unseen = admit(set, kind, created, seq, own[1], own[2], own[3])
      end
      if unseen == nil then
        redis.call('HDEL', key, all[i])
      elseif unseen ~= was_unseen then
        redis.call('HSET', key, all[i], cmsgpack.pack(seq, created, kind, unseen))
      end
    end
  end
end

local function raise_marks(key, set, changes)
  local read_all, seen_all = false, false
  for _, change in ipairs(changes) do
    local id, mark, up_to = change[1], change[2], change[3]
    if id == '' then
      if mark == 'read' and up_to > set.read then
        set.read = up_to
        read_all = true
      end
      if mark ~= 'deleted' and up_to > set.seen then
        set.seen = up_to
        seen_all = true
      end
    else
      local read, seen, deleted = marks_of(key, set, id)
      if mark == 'read' then read = math.max(read, up_to) end
      if mark == 'deleted' then deleted = math.max(deleted, up_to) else seen = math.max(seen, up_to) end
      set.marks = set.marks + redis.call('HSET', key, 'm' .. id, cmsgpack.pack(read, seen, deleted))
      local known = redis.call('HGET', key, 'g' .. id)
      if known then
        local seq, created, kind = cmsgpack.unpack(known)
        set_group(key, set, known, id, kind, created, seq, true, read, seen, deleted)
      end
    end
  end
  local news = (read_all and (set.min_unread <= set.read or set.marks > 0)) or (seen_all and set.min_unseen <= set.seen)
  if news then walk(key, set, nothing) end
end

local digits = '0123456789abcdefghjkmnpqrstvwxyz'

-- A group's id begins with the complement of the time of its creation.
local function created_at(id)
  local complement = 0
  for i = 1, 9 do complement = complement * 32 + string.find(digits, string.sub(id, i, i), 1, true) - 1 end
  return 2 ^ 45 - 1 - complement
end

local function sweep_marks(key, set, created_from)
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.sub(field, 1, 1) == 'm' then
      local created = created_at(string.sub(field, 2))
      if created < created_from then
        redis.call('HDEL', key, field)
        set.marks = set.marks - 1
        set.youngest_taken = math.max(set.youngest_taken, created)
      end
    end
  end
  set.sweep_at = math.max(256, 2 * set.marks)
end

-- Nothing when the clock went back behind what retention has taken, or when the set grew too large: it is gone then.
local function counts_of(key, set, created_from, max, changed)
  if created_from <= set.youngest_taken or set.unread + set.marks > max then
    redis.call('DEL', key)
    return false
  end
  if created_from > set.oldest then
    walk(key, set, created_from)
    changed = true
  end
  if set.marks >= set.sweep_at then
    sweep_marks(key, set, created_from)
    changed = true
  end
  if changed then save_set(key, set) end
  local answer = { set.up_to, set.unread, set.unseen }
  for kind, number in pairs(set.types) do
    answer[#answer + 1] = kind
    answer[#answer + 1] = number
  end
  return answer
end

register('unread_apply', function(keys, args)
  local created_from, max = tonumber(args[1]), tonumber(args[2])
  local answers = {}
  for i, key in ipairs(keys) do
    local set = load_set(key)
    answers[i] = false
    if set then
      local flush = cjson.decode(args[2 + i])
      local from, to = flush[1], flush[2]
      if to <= set.up_to then
        answers[i] = counts_of(key, set, created_from, max, false)
      elseif from ~= set.up_to then
        redis.call('DEL', key)
      else
        set.up_to = to
        for _, group in ipairs(flush[3]) do
          local id = group[1]
          local known = redis.call('HGET', key, 'g' .. id)
          set_group(key, set, known, id, group[2], group[3], group[4], group[5], marks_of(key, set, id))
        end
        raise_marks(key, set, flush[4])
        answers[i] = counts_of(key, set, created_from, max, true)
      end
    end
  end
  return answers
end)

register('unread_mark', function(keys, args)
  local set = load_set(keys[1])
  if not set then return false end
  redis.call('PEXPIRE', keys[1], args[3])
  local changes = cjson.decode(args[4])
  raise_marks(keys[1], set, changes)
  return counts_of(keys[1], set, tonumber(args[1]), tonumber(args[2]), #changes > 0)
end)

register('unread_put', function(keys, args)
  local key, ttl, content = keys[1], args[1], cjson.decode(args[2])
  redis.call('DEL', key)
  local set = {
    up_to = content[1], read = content[2], seen = math.max(content[3], content[2]),
    unread = 0, unseen = 0, types = {}, marks = #content[4], sweep_at = math.max(256, 2 * #content[4]),
    oldest = everything, youngest_taken = nothing, min_unread = everything, min_unseen = everything,
  }
  local fields, marks = {}, {}
  local function write(least)
    if #fields <= least then return end
    redis.call('HSET', key, unpack(fields))
    fields = {}
  end
  for _, mark in ipairs(content[4]) do
    marks[mark[1]] = mark
    fields[#fields + 1] = 'm' .. mark[1]
    fields[#fields + 1] = cmsgpack.pack(mark[2], mark[3], mark[4])
    write(1000)
  end
  local none = { '', 0, 0, 0 }
  for _, group in ipairs(content[5]) do
    local own = marks[group[1]] or none
    local unseen = admit(set, group[2], group[3], group[4], own[2], own[3], own[4])
    if unseen ~= nil then
      fields[#fields + 1] = 'g' .. group[1]
      fields[#fields + 1] = cmsgpack.pack(group[4], group[3], group[2], unseen)
      write(1000)
    end
  end
  write(0)
  save_set(key, set)
  redis.call('PEXPIRE', key, ttl)
end)`
