// The polls of a room above what is said in it: open ones, and the results of those that were closed.
import { fill, h, setText } from '../dom.js';
import { icon } from '../icons.js';
import { people } from '../people/people.js';
import { mayModerate, mayTakePart } from '../roles.js';
import { session } from '../session.js';
import { confirmAction } from '../views/dialog.js';
import { PollCard } from './card.js';
import { newPoll } from './dialog.js';
import { RoomPolls } from './room.js';

/** Results beyond these are shown when asked for. */
const CLOSED_SHOWN = 3;
let count = 0;

export class PollsView {
  #cards = new Map();
  #ends = [];
  #frame = 0;
  /** Whether the list is open; null until there is something to open it for. */
  #isOpen = null;
  #showsAll = false;
  /** id -> whether it was closed; of what was drawn last. */
  #known = null;

  /** `around(act)`: runs what changes the height. */
  constructor(room, { around = (act) => act() } = {}) {
    Object.assign(this, { room, around });
    const { user } = session.me;
    this.mayAsk = mayTakePart(user) && !room.closedAt;
    // Viewers too: they are asked as well.
    this.mayVote = !room.closedAt;
    this.mayClose = ({ createdBy }) => !room.closedAt && (createdBy === user.id ? mayTakePart(user) : mayModerate(user));
    const id = `polls-${count += 1}`;
    this.count = h('span.badge.plain');
    this.toggle = h('button.polls-toggle', { type: 'button', 'aria-controls': id, onclick: () => this.#turn(!this.#isOpen) }, icon('poll'), h('span', 'Polls'), this.count, icon('chevronDown'));
    this.list = h('ol.polls-items');
    this.more = h('button.button.small', { type: 'button', onclick: () => { this.#showsAll = true; this.#draw(); } });
    this.body = h('div.polls-list', { id, tabindex: '0', role: 'group', 'aria-label': 'Polls' }, this.list, this.more);
    this.trouble = h('p.room-trouble', { role: 'alert' });
    this.news = h('p.visually-hidden', { role: 'status' });
    this.holder = h('div.polls-holder', { hidden: true }, h('h2.polls-title', this.toggle), this.body);
    this.element = h('section.polls', { 'aria-label': 'Polls' }, this.news, this.trouble, this.holder);
    this.polls = new RoomPolls(room.id);
    this.#ends.push(this.polls.on('change', () => this.#later()), this.polls.on('made', () => { this.#turn(true); this.body.scrollTop = 0; }), people.on('change', () => this.#later()));
    this.#draw();
  }

  dispose() {
    this.polls.dispose();
    this.#ends.forEach((end) => end());
    cancelAnimationFrame(this.#frame);
  }

  /** Where people begin one; null for who may not. */
  button() {
    return this.mayAsk ? h('button.icon-button.poll-button', { type: 'button', 'aria-label': 'New poll', title: 'New poll', 'aria-haspopup': 'dialog', onclick: () => newPoll((draft, key) => this.polls.create(draft, key)) }, icon('poll')) : null;
  }

  #later() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #turn(isOpen) {
    this.#isOpen = isOpen;
    this.#draw();
  }

  #draw() {
    const { log, problem } = this.polls;
    const { list, openCount } = log;
    if (openCount > 0) this.#isOpen ??= true;
    const closed = list.slice(openCount);
    const drawn = this.#showsAll ? list : list.slice(0, openCount + CLOSED_SHOWN);
    this.around(() => {
      this.#showTrouble(log.isLoaded ? '' : problem);
      this.holder.hidden = list.length === 0;
      this.body.hidden = !this.#isOpen;
      this.toggle.setAttribute('aria-expanded', String(Boolean(this.#isOpen)));
      setText(this.count, openCount > 0 ? `${openCount} open` : `${closed.length} closed`);
      this.count.classList.toggle('processing', openCount > 0);
      this.more.hidden = drawn.length === list.length;
      setText(this.more, `Show ${list.length - drawn.length} more`);
      this.#place(drawn.map((poll) => this.#card(poll)));
    });
    if (log.isLoaded) this.#tellNews(list);
  }

  #showTrouble(problem) {
    if (problem === this.said) return;
    this.said = problem;
    fill(this.trouble, problem !== '' && [icon('alert'), h('span', `The polls could not be loaded. ${problem} `), h('button.link-button', { type: 'button', onclick: () => this.polls.load() }, 'Try again')]);
  }

  #card(poll) {
    if (!this.#cards.has(poll.id)) {
      this.#cards.set(poll.id, new PollCard({ mayVote: this.mayVote, mayClose: this.mayClose, vote: (option) => this.polls.vote(poll.id, option), close: () => this.#close(poll) }));
    }
    const card = this.#cards.get(poll.id);
    card.update(poll);
    return card.element;
  }

  #close({ id, question }) {
    confirmAction({
      title: 'Close this poll?', text: `“${question}” takes no votes after that; its result stays.`, action: 'Close poll',
      // The button that had the focus is gone then.
      act: async () => { await this.polls.close(id); setTimeout(() => this.#cards.get(id)?.element.focus()); },
    });
  }

  /** Nodes that are in place are left alone; one that moves keeps the focus. */
  #place(nodes) {
    const focused = this.list.contains(document.activeElement) ? document.activeElement : null;
    const wanted = new Set(nodes);
    for (const child of [...this.list.children]) if (!wanted.has(child)) child.remove();
    nodes.forEach((node, index) => { if (this.list.children[index] !== node) this.list.insertBefore(node, this.list.children[index] ?? null); });
    if (focused && focused !== document.activeElement) focused.focus();
  }

  /** For screen readers: what others asked, and what is closed. */
  #tellNews(list) {
    const before = this.#known;
    this.#known = new Map(list.map(({ id, isClosed }) => [id, isClosed]));
    if (!before) return;
    for (const { id, question, createdBy, isClosed } of list) {
      if (!before.has(id) && !isClosed && createdBy !== session.me?.user.id) setText(this.news, `${people.name(createdBy)} asks: ${question}`);
      if (before.get(id) === false && isClosed) setText(this.news, `The poll “${question}” is closed.`);
    }
  }
}
