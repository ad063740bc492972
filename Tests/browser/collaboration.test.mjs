import assert from 'node:assert/strict';
import test from 'node:test';
import { badgeCount, dayOf, parseTimecode, timecode } from '../../web/format.js';
import { addressOf, describeActivity, describeNotification } from '../../web/notifications/wording.js';
import { Drawing, LIMITS, pathOf, pictureBox, readDrawing } from '../../web/review/strokes.js';
import { CommentThreads } from '../../web/review/threads.js';
import { matchRoute, sharedToken } from '../../web/routes.js';
import { decodeMentions, encodeMentions, marksOf, mentionAt, partsOf, plain } from '../../web/text.js';

const ADA = '01890000-0000-7000-8000-0000000000aa';
const BEN = '01890000-0000-7000-8000-0000000000bb';
const NAMES = { [ADA]: 'Ada', [BEN]: 'Ben Okafor' };
const nameOf = (id) => NAMES[id] ?? 'Former member';

test('what people wrote is taken apart, and nothing in it is markup', () => {
  const rows = [
    ['plain', [['text', 'plain']]],
    [`<@${ADA}> look`, [['mention', `<@${ADA}>`], ['text', ' look']]],
    ['see https://a.example/x?y=1.', [['text', 'see '], ['link', 'https://a.example/x?y=1'], ['text', '.']]],
    ['(http://a.example/b)', [['text', '('], ['link', 'http://a.example/b'], ['text', ')']]],
    ['<b>no</b> javascript:alert(1)', [['text', '<b>no</b> javascript:alert(1)']]],
    ['<@nobody>', [['text', '<@nobody>']]],
    ['at 1:23', [['text', 'at 1:23']]],
  ];
  for (const [body, parts] of rows) assert.deepEqual(partsOf(body).map(({ kind, text }) => [kind, text]), parts, body);
});

test('times of a video are found where they lead somewhere', () => {
  const times = (body) => partsOf(body, true).filter(({ kind }) => kind === 'time').map(({ text }) => text);
  assert.deepEqual(times('cut at 0:04, then 1:02:03.5 and 12:34'), ['0:04', '1:02:03.5', '12:34']);
  assert.deepEqual(times('ratio 16:9, id a1:23, 1:2:3:4, http://h:80/1:23'), []);
});

test('mentions are ids on the wire and names in the field', () => {
  const picked = [{ id: ADA, name: 'Ada' }, { id: BEN, name: 'Ben Okafor' }];
  assert.equal(encodeMentions('@Ada and @Ben Okafor, not @Carla or a@Adam', picked.slice(0, 2)).startsWith(`<@${ADA}> and <@${BEN}>, not @Carla`), true);
  assert.equal(encodeMentions('@Ada', []), '@Ada');
  assert.equal(encodeMentions('@Ann Lee', [{ id: ADA, name: 'Ann' }, { id: BEN, name: 'Ann Lee' }]), `<@${BEN}>`);
  const { text, picked: found } = decodeMentions(`hi <@${BEN}>!`, nameOf);
  assert.equal(text, 'hi @Ben Okafor!');
  assert.equal(encodeMentions(text, found), `hi <@${BEN}>!`);
  assert.equal(plain(`<@${ADA}>\n  look`, nameOf), '@Ada look');
});

test('names are offered only where a mention is typed', () => {
  const rows = [['@', '', 0], ['hi @be', 'be', 3], ['hi @ben ok', 'ben ok', 3], ['a@b', null], ['@ben ok now', null], ['(@ä', 'ä', 1], ['', null]];
  for (const [text, query, start] of rows) {
    const found = mentionAt(text, text.length);
    assert.deepEqual(found && [found.query, found.start], query === null ? null : [query, start], text);
  }
});

test('highlights are ranges of UTF-16 units; senseless ones are left out', () => {
  const rows = [
    [{ text: 'meadow spot', highlights: [{ start: 0, end: 6 }] }, ['[meadow]', ' spot']],
    [{ text: '😀 ab', highlights: [{ start: 3, end: 5 }] }, ['😀 ', '[ab]']],
    [{ text: 'abc', highlights: [{ start: 1, end: 2 }, { start: 0, end: 2 }, { start: 2, end: 9 }] }, ['a', '[b]', 'c']],
    [{ text: 'abc' }, ['abc']],
  ];
  for (const [marked, parts] of rows) assert.deepEqual(marksOf(marked).map(({ text, isMarked }) => (isMarked ? `[${text}]` : text)), parts);
});

const comment = (id, more = {}) => ({ id, atSeconds: 1, untilSeconds: null, parentId: null, createdAt: `2026-05-10T12:00:0${id}Z`, body: `body ${id}`, author: { userId: ADA }, deletedAt: null, resolvedAt: null, ...more });

test('comments are threads in the order of the video', () => {
  const threads = new CommentThreads();
  threads.replace([comment(1, { atSeconds: 9 }), comment(2, { atSeconds: 2 }), comment(3, { parentId: 1, atSeconds: null }), comment(4, { atSeconds: 2, resolvedAt: 'x' })]);
  assert.deepEqual(threads.list().map(({ comment: { id }, replies }) => [id, replies.map((reply) => reply.id)]), [[2, []], [4, []], [1, [3]]]);
  assert.deepEqual(threads.list('open').map((each) => each.comment.id), [2, 1]);
  assert.equal(threads.openCount, 2);
  assert.deepEqual(threads.markers().map(({ id, at, isResolved }) => [id, at, isResolved]), [[2, 2, false], [4, 2, true], [1, 9, false]]);
  assert.equal(threads.neighbour(2, 1).id, 1);
  assert.equal(threads.neighbour(9, -1).id, 2);
  assert.equal(threads.neighbour(9, 1), undefined);
});

test('a deleted comment leaves its place where replies hang on it', () => {
  const threads = new CommentThreads();
  threads.replace([comment(1), comment(2), comment(3, { parentId: 1 })]);
  threads.remove(1, 'now');
  threads.remove(2, 'now');
  assert.deepEqual(threads.list().map((each) => [each.comment.id, each.comment.body]), [[1, null]]);
  threads.remove(3, 'now');
  assert.deepEqual(threads.list(), []);
});

test('a drawing keeps within its bounds and its limits', () => {
  const drawing = new Drawing();
  drawing.extend([0.5, 0.5]);
  assert.equal(drawing.toJSON(), null);
  drawing.begin('#ff0000', [-1, 2]);
  drawing.extend([0.00001, 1]);
  drawing.extend([0.5, 0.5]);
  assert.deepEqual(drawing.strokes[0].points, [[0, 1], [0.5, 0.5]]);
  drawing.undo();
  assert.equal(drawing.isEmpty, true);
  for (let stroke = 0; stroke < LIMITS.strokes + 20; stroke += 1) {
    drawing.begin('#ff0000', [0, 0]);
    for (let step = 0; step < 80; step += 1) drawing.extend([step / 80 + 0.00123, (step % 7) / 7 + 0.00123]);
  }
  assert.ok(drawing.strokes.length <= LIMITS.strokes && drawing.strokes.length > 30);
  assert.ok(drawing.pointCount <= LIMITS.points);
  assert.ok(JSON.stringify(drawing.toJSON()).length <= LIMITS.bytes);
  assert.equal(pathOf({ points: [[0, 0], [0.5, 1]] }, 1000, 500), 'M0 0L500 500');
});

test('drawings of others are believed only where they are drawings', () => {
  assert.deepEqual(readDrawing(null), []);
  const [stroke] = readDrawing({ strokes: [{ color: 'url(x)', width: 9, points: [[0.1, 0.2], [2, 0], 'x', [0.3, NaN]] }, { color: '#00ff00', width: 0.01, points: [] }] });
  assert.deepEqual(stroke, { color: '#ff5a4f', width: 0.005, points: [[0.1, 0.2]] });
});

test('a picture lies in the middle of its frame', () => {
  assert.deepEqual(pictureBox({ width: 1600, height: 900 }, { width: 4, height: 3 }), { left: 200, top: 0, width: 1200, height: 900 });
  assert.deepEqual(pictureBox({ width: 400, height: 400 }, { width: 1600, height: 800 }), { left: 0, top: 100, width: 400, height: 200 });
  assert.deepEqual(pictureBox({ width: 400, height: 300 }, { width: 0, height: 0 }), { left: 0, top: 0, width: 400, height: 300 });
});

test('timecodes', () => {
  for (const [seconds, text] of [[0, '0:00.00'], [83.4, '1:23.40'], [3599.999, '59:59.99'], [3723.05, '1:02:03.05'], [NaN, '0:00.00'], [0.29, '0:00.29']]) assert.equal(timecode(seconds), text);
  for (const [text, seconds] of [['1:23.40', 83.4], ['1:02:03', 3723], ['83', 83], ['x', NaN]]) assert.equal(parseTimecode(text), seconds);
  for (const [count, text] of [[0, ''], [7, '7'], [99, '99'], [100, '99+']]) assert.equal(badgeCount(count), text);
});

test('days are those of the person', () => {
  const now = new Date(2026, 4, 10, 0, 30).getTime();
  assert.equal(dayOf(new Date(2026, 4, 10, 0, 1).toISOString(), now), 'Today');
  assert.equal(dayOf(new Date(2026, 4, 9, 23, 59).toISOString(), now), 'Yesterday');
  assert.match(dayOf(new Date(2026, 4, 4, 12).toISOString(), now), /4/);
});

test('notifications and activities say who did what, and lead there', () => {
  const rows = [
    [{ kind: 'mention', actor: BEN, roomId: 'r', messageId: 'm', title: 'General' }, 'Ben Okafor mentioned you in “General”', '#/rooms/r?message=m'],
    [{ kind: 'comment', actor: ADA, videoId: 'v', commentId: 'c', title: 'Cut', atSeconds: 83 }, 'Ada commented on “Cut” at 1:23', '#/videos/v?comment=c'],
    [{ kind: 'mention', actor: ADA, videoId: 'v', roomId: 'v', messageId: 'm', title: 'Cut' }, 'Ada mentioned you in “Cut”', '#/videos/v?message=m'],
    [{ kind: 'video_ready', videoId: 'v', title: 'Cut' }, '“Cut” is ready to watch', '#/videos/v'],
    [{ kind: 'direct_message', actor: ADA, roomId: 'r' }, 'Ada sent you a message', '#/rooms/r'],
    [{ kind: 'room_added', actor: ADA, roomId: 'r', title: 'Secret' }, 'Ada added you to “Secret”', '#/rooms/r'],
    [{ kind: 'approval', actor: ADA, videoId: 'v', title: 'Cut', excerpt: 'changes_requested' }, 'Ada requested changes to “Cut”', '#/videos/v'],
    [{ kind: 'approval', actor: ADA, videoId: 'v', title: 'Cut', excerpt: 'constructor' }, 'Ada decided on “Cut”', '#/videos/v'],
    [{ kind: 'of the future', actor: ADA }, 'Ada did something', null],
  ];
  for (const [item, words, href] of rows) {
    const { who, text, href: found } = describeNotification(item, nameOf);
    assert.equal(`${who} ${text}`.trim(), words);
    assert.equal(found, href);
  }
  const said = ({ who, text }) => `${who} ${text}`.trim();
  assert.equal(said(describeActivity({ type: 'messages.sent', count: 7, roomId: 'r', title: 'General', actor: ADA }, nameOf)), '7 messages in “General”');
  assert.equal(said(describeActivity({ type: 'comment.added', count: 1, actor: ADA, title: 'Cut' }, nameOf)), 'Ada commented on “Cut”');
  assert.equal(addressOf({}), null);
});

test('addresses of screens', () => {
  assert.deepEqual(matchRoute('#/videos/01ab?comment=7').parameters, { id: '01ab' });
  assert.equal(matchRoute('#/videos/01ab?comment=7').query.get('comment'), '7');
  assert.deepEqual(matchRoute('#/videos/01/compare/02').parameters, { id: '01', other: '02' });
  for (const [hash, name] of [['#/rooms', 'rooms'], ['#/rooms/01', 'rooms'], ['#/search?q=a', 'search'], ['#/?x', 'home']]) assert.equal(matchRoute(hash).name, name, hash);
  for (const [path, token] of [['/shared/a.b-c', 'a.b-c'], ['/shared/a/', 'a'], ['/shared/', null], ['/', null], ['/shared/a/b', null]]) assert.equal(sharedToken(path), token, path);
});
