// Polls of a room: what lists, answers and frames come to, votes that are shown before they are taken, and what people see.
import assert from 'node:assert/strict';
import test from 'node:test';
import { settle } from './clock.mjs';
import { ADA, server, signIn, tick } from './page.mjs';

const { chat } = await import('../../web/chat/live.js');
const { ChatPanel } = await import('../../web/chat/panel.js');
const { draftOf, newPoll } = await import('../../web/polls/dialog.js');
const { PollLog, shareOf } = await import('../../web/polls/log.js');
const { RoomPolls } = await import('../../web/polls/room.js');
const { PollsView } = await import('../../web/polls/view.js');
await signIn();

const NOON = '2026-05-10T12:00:00Z';
const room = (more = {}) => ({ id: 'r1', kind: 'team', title: 'R', private: false, createdBy: 'ada', createdAt: NOON, members: [], lastSeq: 0, lastMessage: null, readSeq: 0, unread: 0, closedAt: null, ...more });
/** As everybody sees it, with `votes` by option. */
const state = (revision, votes = [0, 0], more = {}) => ({
  id: 'p1', roomId: 'r1', revision, question: 'Tea?', options: votes.map((each, index) => ({ text: ['yes', 'no', 'later'][index], votes: each })), createdBy: 'bob', createdAt: NOON, closedAt: null, ...more,
});
const answer = (revision, votes, choice, more) => ({ ...state(revision, votes, more), choice });
const page = (...items) => ({ body: { items, nextCursor: null } });
const votesOf = (log, id = 'p1') => log.get(id).options.map(({ votes }) => votes);
const frame = (poll) => chat.connection.onFrame({ type: 'poll', ...poll });
const refusal = (status, code, detail) => ({ status, body: { code, detail } });

/** Answers of a test by method and end of the path; everything else is empty. */
function serve(routes) {
  const asked = [];
  server.answer = (method, path, body, init) => {
    asked.push({ method, path: path.split('?')[0], body, key: init.headers['Idempotency-Key'] });
    const found = Object.keys(routes).map((name) => name.split(' ')).find(([by, end]) => by === method && asked.at(-1).path.endsWith(end));
    return found ? routes[found.join(' ')]({ body, path }) : { body: { items: [], nextCursor: null, lastSeq: 0, hasMore: false } };
  };
  asked.of = (method, end) => asked.filter((each) => each.method === method && each.path.endsWith(end));
  return asked;
}

async function openPolls(routes) {
  const asked = serve(routes);
  const polls = new RoomPolls('r1');
  await settle();
  return { asked, polls, log: polls.log };
}

async function openView(routes, { user = ADA, in: where = room() } = {}) {
  await signIn(user);
  const asked = serve(routes);
  const view = new PollsView(where);
  await settle();
  await settle();
  return { asked, view, options: () => view.element.querySelectorAll('.poll-option'), texts: (selector) => view.element.querySelectorAll(selector).map(({ textContent }) => textContent) };
}

test('whatever order lists, answers and frames come in, the highest revision is shown', () => {
  const news = [state(2, [1, 0]), state(3, [1, 1]), state(4, [1, 1], { closedAt: NOON })];
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1], [0, 2, 2, 1]]) {
    const log = new PollLog();
    for (const at of order) log.hear(news[at]);
    log.take(answer(1, [0, 0], null));
    assert.deepEqual([votesOf(log), log.get('p1').isClosed, log.openCount, log.list.length], [[1, 1], true, 0, 1], order.join());
  }
});

test('a frame says nothing of the own choice, which stays', () => {
  const log = new PollLog();
  log.take(answer(2, [1, 0], 0));
  log.hear(state(3, [1, 1]));
  assert.deepEqual([log.get('p1').choice, votesOf(log)], [0, [1, 1]]);
  // The answer to a vote tells the choice even where a frame was ahead of it, and an answer from before does not undo it.
  log.take(answer(4, [0, 2], 1));
  log.hear(state(9, [0, 3]));
  log.take(answer(6, [1, 1], 0));
  log.take(answer(5, [0, 2], 1));
  assert.deepEqual([log.get('p1').choice, votesOf(log)], [0, [0, 3]]);
});

test('open polls come before closed ones, the newest of each first', () => {
  const log = new PollLog();
  const at = (minute) => `2026-05-10T12:0${minute}:00Z`;
  for (const [id, minute, closed] of [['a', 1], ['b', 2, 9], ['c', 3], ['d', 4, 5]]) log.hear(state(1, [0, 0], { id, createdAt: at(minute), closedAt: closed ? at(closed) : null }));
  assert.deepEqual(log.list.map(({ id }) => id), ['c', 'a', 'b', 'd']);
  assert.deepEqual([[2, 3], [1, 3], [0, 0], [3, 3]].map(([votes, total]) => shareOf(votes, total)), [67, 33, 0, 100]);
});

test('a vote is counted once from when it is cast, also where a frame is sooner than the answer', () => {
  const log = new PollLog();
  log.take(answer(4, [1, 2], 0));
  assert.equal(log.want('p1', 1), true);
  assert.deepEqual([log.get('p1').choice, log.get('p1').isSaving, votesOf(log), log.get('p1').total], [1, true, [0, 3], 3]);
  assert.equal(log.want('p1', 1), false);
  log.hear(state(5, [0, 3]));
  assert.deepEqual([log.get('p1').choice, votesOf(log)], [1, [0, 3]]);
  log.take(answer(5, [0, 3], 1));
  log.settle('p1', 1);
  assert.deepEqual([log.get('p1').choice, log.get('p1').isSaving, votesOf(log)], [1, false, [0, 3]]);
  log.hear(state(6, [0, 3], { closedAt: NOON }));
  assert.equal(log.want('p1', 0), false);
});

test('a vote that is refused is taken back, with the reason, and the poll is looked at again', async () => {
  let closed = null;
  let respond;
  const { asked, polls, log } = await openPolls({
    'GET /polls': () => page(answer(closed ? 4 : 3, [1, 2], 0, { closedAt: closed })),
    'PUT /vote': () => new Promise((resolve) => { respond = resolve; }),
  });
  const voting = polls.vote('p1', 1);
  await settle();
  assert.deepEqual([log.get('p1').choice, votesOf(log), log.get('p1').isSaving], [1, [0, 3], true]);
  closed = NOON;
  respond(refusal(409, 'poll_closed', 'This poll is closed.'));
  await voting;
  assert.deepEqual([log.get('p1').choice, votesOf(log), log.get('p1').isSaving], [0, [1, 2], false]);
  assert.equal(log.get('p1').problem, 'Your vote was not taken. This poll is closed.');
  await settle();
  assert.deepEqual([log.get('p1').isClosed, asked.of('GET', '/polls').length], [true, 2]);
  polls.dispose();
});

test('votes go one after the other under keys of their own, and the last one counts', async () => {
  const waiting = [];
  const { asked, polls, log } = await openPolls({
    'GET /polls': () => page(answer(1, [0, 0, 0], null)),
    'PUT /vote': ({ body }) => new Promise((resolve) => { waiting.push(() => resolve({ body: answer(2 + waiting.length, [0, 1, 2].map((each) => Number(each === body.option)), body.option) })); }),
  });
  polls.vote('p1', 0);
  polls.vote('p1', 1);
  polls.vote('p1', 2);
  await settle();
  assert.deepEqual([log.get('p1').choice, log.get('p1').total, waiting.length], [2, 1, 1]);
  waiting[0]();
  await settle();
  assert.deepEqual([log.get('p1').choice, votesOf(log), log.get('p1').isSaving], [2, [0, 0, 1], true]);
  waiting[1]();
  await settle();
  assert.deepEqual([log.get('p1').choice, votesOf(log), log.get('p1').isSaving], [2, [0, 0, 1], false]);
  const votes = asked.of('PUT', '/v1/polls/p1/vote');
  assert.deepEqual(votes.map(({ body }) => body.option), [0, 2]);
  assert.ok(votes.every(({ key }) => key) && votes[0].key !== votes[1].key);
  polls.dispose();
});

test('frames of the room are heard, and the list is read again after what may have been missed', async () => {
  let now = answer(1, [0, 0], null);
  const { asked, polls, log } = await openPolls({ 'GET /polls': () => page(now) });
  const looks = () => asked.of('GET', '/v1/rooms/r1/polls').length;
  frame(state(2, [1, 0]));
  frame(state(7, [5, 5], { id: 'p2', roomId: 'another' }));
  assert.deepEqual([votesOf(log), log.list.length, looks()], [[1, 0], 1, 1]);
  // As when a line is there again, a room is heard anew, or the server left some out.
  for (const [index, told] of [{ type: 'welcome', rooms: [{ id: 'r1' }] }, { type: 'subscribed', roomId: 'r1' }, { type: 'gap', roomId: 'r1' }].entries()) {
    now = answer(3 + index, [1, index], 1);
    chat.connection.onFrame(told);
    await settle();
    assert.deepEqual([looks(), votesOf(log), log.get('p1').choice], [index + 2, [1, index], 1], told.type);
  }
  chat.connection.onFrame({ type: 'welcome', rooms: [{ id: 'another' }] });
  await settle();
  assert.equal(looks(), 4);
  // One that was lost without a word.
  tick();
  await settle();
  assert.equal(looks(), 5);
  polls.dispose();
  tick();
  chat.connection.onFrame({ type: 'subscribed', roomId: 'r1' });
  await settle();
  assert.equal(looks(), 5);
});

test('the list is read once at a time, and once more for whoever asked meanwhile', async () => {
  const looks = [];
  const { polls } = await openPolls({ 'GET /polls': () => new Promise((resolve) => { looks.push(() => resolve(page())); }) });
  polls.load();
  polls.load();
  await settle();
  assert.equal(looks.length, 1);
  looks[0]();
  await settle();
  assert.equal(looks.length, 2);
  looks[1]();
  await settle();
  assert.deepEqual([looks.length, polls.log.isLoaded], [2, true]);
  polls.dispose();
});

test('a poll is shown with its results as text, and what people wrote stays text', async () => {
  const { view, options, texts } = await openView({ 'GET /polls': () => page(answer(3, [1, 2], 1, { question: '<b>Tea?</b>' })) });
  assert.deepEqual([texts('.poll-question'), texts('.poll-votes')], [['<b>Tea?</b>'], ['1 vote · 33 %', '2 votes · 67 %']]);
  assert.equal(view.element.querySelector('b'), null);
  assert.deepEqual(options().map((node) => [node.tag, node.getAttribute('aria-pressed'), node.getAttribute('aria-label')]),
    [['button', 'false', 'yes, 1 vote, 33 %'], ['button', 'true', 'no, 2 votes, 67 %']]);
  view.dispose();
});

test('a vote of somebody else moves the results under the focus, and a closed poll keeps it', async () => {
  const { view, options, texts } = await openView({ 'GET /polls': () => page(answer(3, [1, 0], null)) });
  document.body.append(view.element);
  const [, second] = options();
  second.focus();
  frame(state(4, [1, 1]));
  await settle();
  assert.deepEqual([texts('.poll-votes'), document.activeElement === second, options()[1] === second], [['1 vote · 50 %', '1 vote · 50 %'], true, true]);
  frame(state(5, [1, 1], { closedAt: NOON }));
  await settle();
  assert.deepEqual(options().map(({ tag }) => tag), ['div', 'div']);
  assert.equal(document.activeElement, view.element.querySelector('.poll'));
  assert.match(texts('.poll-foot')[0], /Result of 2 votes/);
  assert.match(texts('[role=status]')[0], /The poll “Tea\?” is closed/);
  document.activeElement.blur();
  view.element.remove();
  view.dispose();
});

test('a press votes and shows it at once; a refusal is said where it was pressed', async () => {
  let respond;
  const { view, options, texts } = await openView({ 'GET /polls': () => page(answer(3, [1, 0], null)), 'PUT /vote': () => new Promise((resolve) => { respond = resolve; }) });
  options()[1].click();
  await settle();
  assert.deepEqual([options()[1].getAttribute('aria-pressed'), texts('.poll-votes')], ['true', ['1 vote · 50 %', '1 vote · 50 %']]);
  assert.match(texts('.poll-state')[0], /Saving/);
  respond(refusal(409, 'room_closed', 'This room is closed.'));
  await settle();
  await settle();
  assert.deepEqual([options()[1].getAttribute('aria-pressed'), texts('.poll-votes'), texts('.poll-state')[0]], ['false', ['1 vote · 100 %', '0 votes · 0 %'], '']);
  assert.match(texts('.room-trouble')[1], /not taken\. This room is closed\./);
  view.dispose();
});

test('who may ask, vote and close: as roles and the room say', async () => {
  const rows = [
    ['member', 'ada', null, [true, true, true]], ['member', 'bob', null, [true, true, false]], ['admin', 'bob', null, [true, true, true]],
    ['viewer', 'bob', null, [false, true, false]], ['viewer', 'ada', null, [false, true, false]], ['owner', 'ada', NOON, [false, false, false]],
  ];
  for (const [role, createdBy, closedAt, may] of rows) {
    const { view, options } = await openView({ 'GET /polls': () => page(answer(1, [0, 0], null, { createdBy })) }, { user: { ...ADA, role }, in: room({ closedAt }) });
    const close = view.element.querySelector('.poll-foot').querySelector('button');
    assert.deepEqual([view.button() !== null, options().every(({ tag }) => tag === 'button'), !close.hidden], may, `${role} ${createdBy} ${closedAt}`);
    view.dispose();
  }
  await signIn();
});

test('the panel of a room shows its polls above what is said and a button beside the field', async () => {
  serve({ 'GET /polls': () => page(answer(1, [0, 0], null)) });
  const panel = new ChatPanel(room());
  await settle();
  await settle();
  assert.ok(panel.element.querySelector('.room-body').querySelector('.poll'));
  assert.ok(panel.element.querySelector('.composer-line').querySelector('.poll-button'));
  panel.dispose();
  // One that cannot be asked for says so, and can be asked for again.
  let isUp = false;
  const { view, texts } = await openView({ 'GET /polls': () => (isUp ? page(answer(1, [0, 0], null)) : refusal(403, 'forbidden', 'No.')) });
  assert.match(texts('.room-trouble')[0], /could not be loaded\. No\./);
  isUp = true;
  view.element.querySelector('.link-button').click();
  await settle();
  await settle();
  assert.deepEqual([texts('.room-trouble')[0], texts('.poll-question')], ['', ['Tea?']]);
  view.dispose();
});

test('results beyond the newest few are shown when asked for', async () => {
  const closed = Array.from({ length: 6 }, (_, index) => answer(2, [1, 0], null, { id: `p${index}`, closedAt: `2026-05-10T12:0${index}:00Z` }));
  const { view, texts } = await openView({ 'GET /polls': () => page(...closed) });
  view.toggle.click();
  assert.deepEqual([texts('.poll-question').length, texts('.badge')[0], view.more.textContent], [3, '6 closed', 'Show 3 more']);
  view.more.click();
  assert.deepEqual([texts('.poll-question').length, view.more.hidden], [6, true]);
  view.dispose();
});

test('a draft has a question and two different answers at least; empty ones are left out', () => {
  assert.deepEqual(draftOf(' Tea? ', ['yes ', '', ' no', '']), { draft: { question: 'Tea?', options: ['yes', 'no'] }, wrong: {} });
  const rows = [[' ', ['a', 'b'], ['question']], ['Q', ['a', ' ', ''], ['answer-1']], ['Q', ['', '', ''], ['answer-0', 'answer-1']], ['Q', ['a', 'b', 'a '], ['answer-2']], ['Q', ['caf\u00e9', 'cafe\u0301', ''], ['answer-1']]];
  for (const [question, answers, wrong] of rows) assert.deepEqual(Object.keys(draftOf(question, answers).wrong).sort(), wrong, JSON.stringify(answers));
});

test('the same poll sent again is the same attempt, another is another', async () => {
  const sent = [];
  let isTaken = false;
  newPoll(async (draft, key) => { sent.push([draft.options.join(), key]); if (!isTaken) throw new TypeError('lost'); });
  const dialog = () => document.body.querySelector('dialog');
  const inputs = () => dialog().querySelectorAll('input');
  const type = (index, text) => { inputs()[index].value = text; inputs()[index].dispatchEvent(new Event('input')); };
  const send = async () => {
    for (const input of inputs()) input.validity = { valid: true };
    dialog().querySelector('form').dispatchEvent(new Event('submit', { cancelable: true }));
    await settle();
  };
  await send();
  assert.equal(sent.length, 0);
  ['Tea?', 'yes', 'no', 'later'].forEach((text, index) => type(index, text));
  assert.equal(inputs().length, 5);
  await send();
  await send();
  type(3, 'never');
  isTaken = true;
  await send();
  assert.deepEqual(sent.map(([options]) => options), ['yes,no,later', 'yes,no,later', 'yes,no,never']);
  assert.ok(sent[0][1] === sent[1][1] && sent[1][1] !== sent[2][1]);
  assert.equal(dialog(), null);
});
