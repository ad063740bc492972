import assert from 'node:assert/strict';
import test from 'node:test';
import { EventParser } from '../../web/eventparser.js';

const TEXT = ': hello\n\nevent: video\ndata: {"a":1}\n\ndata: one\ndata:two\nid: 7\n\nevent: empty\n\n: keep-alive\n\nevent: video\r\ndata: {"a":2}\r\n\r\n';
const EVENTS = [
  { event: 'video', data: '{"a":1}' },
  { event: 'message', data: 'one\ntwo' },
  { event: 'video', data: '{"a":2}' },
];

test('events in one piece', () => {
  assert.deepEqual(new EventParser().push(TEXT), EVENTS);
});

test('events in every cut', () => {
  for (let cut = 0; cut <= TEXT.length; cut += 1) {
    const parser = new EventParser();
    assert.deepEqual([...parser.push(TEXT.slice(0, cut)), ...parser.push(TEXT.slice(cut))], EVENTS, `cut at ${cut}`);
  }
  const parser = new EventParser();
  assert.deepEqual([...TEXT].flatMap((letter) => parser.push(letter)), EVENTS);
});

test('an event without its empty line is not given', () => {
  assert.deepEqual(new EventParser().push('event: video\ndata: {}\n'), []);
});
