/** Gives a user a few groups, and returns ids that exist, so that not every question is about nothing. */
export async function fill(server, user) {
  const actors = ['mia', 'ben', 'yuki']
  for (const id of [user, ...actors]) await server.json('PUT', `/v1/users/${id}`, { name: `The ${id}` })
  const events = ['LIKE', 'COMMENT', 'CUSTOM'].flatMap((event_type) =>
    Array.from({ length: 20 }, (_, i) => ({
      event_type,
      ...(event_type === 'CUSTOM' && { verb: 'waved at' }),
      actor_id: actors[i % 3],
      target_user_id: user,
      object_type: 'POST',
      object_id: `p${i % 10}`,
      metadata: { preview: 'Sunset at the lake', n: i },
    })),
  )
  const { event_ids } = await server.json('POST', '/v1/events', { events })
  const groups = await until(async () => {
    const { activity_groups } = await server.json('GET', '/v1/activities?limit=100', undefined, { 'x-user-id': user })
    return activity_groups.length === 30 && activity_groups
  })
  return { id: [user, ...actors], group_id: groups.map(({ group_id }) => group_id), event_id: event_ids }
}

export async function tokenOf(server, user) {
  const { token } = await server.json('POST', '/v1/tokens', { user_id: user })
  return token
}

async function until(look, triesLeft = 200) {
  const found = await look()
  if (found) return found
  if (triesLeft === 0) throw new Error('The events that were accepted did not show.')
  await new Promise((resolve) => setTimeout(resolve, 50))
  return until(look, triesLeft - 1)
}
