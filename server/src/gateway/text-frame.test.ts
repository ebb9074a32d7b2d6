import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Receiver } from 'ws'
import { textFrame } from './text-frame.ts'

/** What the other side understands. */
async function received(frame: Buffer): Promise<string> {
  const receiver = new Receiver({ isServer: false })
  return await new Promise((resolve, reject) => {
    receiver.on('message', (data: Buffer) => resolve(data.toString()))
    receiver.on('error', reject)
    receiver.write(frame)
  })
}

for (const length of [1, 125, 126, 65_535, 65_536, 70_000]) {
  test(`a frame of ${length} bytes is understood`, async () => {
    const text = 'x'.repeat(length)
    assert.equal(await received(textFrame(text)), text)
  })
}

test('the length is that of the bytes, not of the characters', async () => {
  for (const text of ['é'.repeat(63), '🎈'.repeat(20_000), 'plain']) assert.equal(await received(textFrame(text)), text)
})
