/** A text per event: a line for each target user, `p` (pending) or `f` (final), then the trace, which begins `["user",`. */
export const tracesLua = `
register('traces_put', function(keys, args)
  local ttl = args[1]
  for i, key in ipairs(keys) do
    local line, width = args[2 * i], tonumber(args[2 * i + 1])
    if not redis.call('SET', key, line, 'NX', 'PX', ttl) then
      local lines, found, changed = {}, false, false
      for known in string.gmatch(redis.call('GET', key), '[^\\n]+') do
        if string.sub(known, 2, width) == string.sub(line, 2, width) then
          found = true
          if string.sub(known, 1, 1) == 'p' then
            known = line
            changed = true
          end
        end
        lines[#lines + 1] = known
      end
      if not found then lines[#lines + 1] = line end
      if changed or not found then redis.call('SET', key, table.concat(lines, '\\n'), 'PX', ttl) end
    end
  end
end)`
