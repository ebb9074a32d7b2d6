import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type SseEvent, SseParser } from './sse-parser.ts'

const parse = (...pieces: string[]): SseEvent[] => {
  const parser = new SseParser()
  return pieces.flatMap((piece) => parser.push(piece))
}

const cases: { name: string; text: string; events: SseEvent[] }[] = [
  { name: 'an event', text: 'event: hello\nid: e1:4\ndata: {}\n\n', events: [{ event: 'hello', data: '{}' }] },
  { name: 'without a name it is a message', text: 'data: x\n\n', events: [{ event: 'message', data: 'x' }] },
  {
    name: 'one space after the colon is no part',
    text: 'data:  x\n\ndata:x\n\n',
    events: [
      { event: 'message', data: ' x' },
      { event: 'message', data: 'x' },
    ],
  },
  {
    name: 'lines of data are joined',
    text: 'data: a\ndata\ndata: b\n\n',
    events: [{ event: 'message', data: 'a\n\nb' }],
  },
  { name: 'comments and unknown fields say nothing', text: ': hb\n\nretry: 5\nfoo: x\n\n', events: [] },
  {
    name: 'without data there is no event, and its name is gone',
    text: 'event: a\n\ndata: x\n\n',
    events: [{ event: 'message', data: 'x' }],
  },
  {
    name: 'all three line ends',
    text: 'data: a\r\n\r\ndata: b\r\rdata: c\n\n',
    events: ['a', 'b', 'c'].map((data) => ({ event: 'message', data })),
  },
  {
    name: 'a whole event with returns',
    text: 'event: a\r\nid: 1\r\ndata: x\r\ndata: y\r\n\r\n',
    events: [{ event: 'a', data: 'x\ny' }],
  },
  { name: 'half an event is none yet', text: 'data: a\n\ndata: b\n', events: [{ event: 'message', data: 'a' }] },
]

for (const { name, text, events } of cases) test(name, () => assert.deepEqual(parse(text), events))

test('it does not matter where the text is cut', () => {
  const text = cases.map((each) => each.text).join('\n\n')
  const whole = parse(text)
  fc.assert(
    fc.property(fc.array(fc.nat(text.length)), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), text.length]
      const pieces = at.slice(1).map((end, index) => text.slice(at[index], end))
      assert.deepEqual(parse(...pieces), whole)
    }),
  )
})

test('an event without end is refused before it fills the memory', () => {
  const parser = new SseParser()
  const megabyte = 'x'.repeat(1024 * 1024)
  assert.throws(() => {
    for (let i = 0; i < 6; i++) parser.push(megabyte)
  }, RangeError)
})
