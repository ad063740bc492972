// The messages of a room from old to new: days, a line above what is new, rows that stay as long as their message does.
import { h, setText } from '../dom.js';
import { dayOf } from '../format.js';
import { MessageRow } from './row.js';

/** Messages of one person within this time share a head. */
const TOGETHER_MS = 5 * 60_000;
const NEAR_END = 60;

export class LogList {
  #rows = new Map();
  #days = new Map();

  /** `older()` loads what is above; `seen()` is told when the end is in view. */
  constructor({ label, acts, older, seen, me }) {
    Object.assign(this, { acts, seen, me });
    this.older = h('button.button.small.older', { type: 'button', hidden: true, onclick: older }, 'Show earlier messages');
    this.fresh = h('li.new-line', { role: 'separator' }, h('span', 'New'));
    this.list = h('ol.messages', { role: 'log', 'aria-live': 'polite', 'aria-label': label, 'aria-relevant': 'additions' });
    this.empty = h('div.room-empty', { hidden: true });
    this.jump = h('button.button.small.jump', { type: 'button', hidden: true, onclick: () => this.toEnd() }, 'New messages');
    this.scroller = h('div.room-scroll', { tabindex: '0', role: 'group', 'aria-label': label, onscroll: () => this.#scrolled() },
      h('div.room-top', this.older), this.empty, this.list);
    this.element = h('div.room-log', this.scroller, this.jump);
    // Before what is loaded is drawn nothing is announced; a page of history is no news.
    this.list.setAttribute('aria-live', 'off');
  }

  get isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  /** `readSeq`: messages behind it are new to the person. */
  draw(log, readSeq) {
    const wasAtEnd = this.isAtEnd;
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
    const wasOldest = this.oldest;
    const had = this.count ?? 0;
    this.older.hidden = !log.hasOlder;
    this.empty.hidden = !log.isLoaded || log.messages.length + log.pending.length > 0;
    this.#place(this.#nodes(log, readSeq));
    this.oldest = log.oldestSeq;
    this.count = log.messages.length + log.pending.length;
    if (log.isLoaded && !this.isDrawn) {
      this.isDrawn = true;
      this.toEnd();
      requestAnimationFrame(() => this.list.setAttribute('aria-live', 'polite'));
    } else if (wasOldest !== null && this.oldest < wasOldest) {
      this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd;
    } else if (wasAtEnd || log.pending.length && this.count > had) {
      this.toEnd();
    } else if (this.count > had) {
      this.jump.hidden = false;
    }
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.jump.hidden = true;
    this.seen();
  }

  /** The end stays in view while `act` changes the room that is left for the list. */
  keepEnd(act) {
    const wasAtEnd = this.isAtEnd;
    act();
    if (wasAtEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Whether the message is here to be pointed at. */
  point(messageId) {
    const row = [...this.#rows.values()].find(({ message }) => message.id === messageId);
    row?.point();
    return Boolean(row);
  }

  #scrolled() {
    if (!this.isAtEnd) return;
    this.jump.hidden = true;
    this.seen();
  }

  #nodes(log, readSeq) {
    const nodes = [];
    const all = [...log.messages.map((message) => ({ message, author: message.author })), ...log.pending.map((message) => ({ message, author: this.me }))];
    let before = null;
    let hasLine = false;
    for (const { message, author } of all) {
      const day = message.sentAt ? dayOf(message.sentAt) : before?.day ?? dayOf(new Date().toISOString());
      const at = message.sentAt ? Date.parse(message.sentAt) : Date.now();
      if (day !== before?.day) nodes.push(this.#day(day));
      const isNew = !hasLine && message.seq > readSeq && author !== this.me && before !== null;
      if (isNew) { nodes.push(this.fresh); hasLine = true; }
      const isFirst = isNew || day !== before?.day || author !== before.author || at - before.at > TOGETHER_MS || Boolean(message.parentId);
      const row = this.#row(`${author} ${message.clientId ?? message.id}`);
      row.update(message, { author, isFirst });
      nodes.push(row.element);
      before = { day, at, author };
    }
    return nodes;
  }

  #row(key) {
    if (!this.#rows.has(key)) this.#rows.set(key, new MessageRow(this.acts));
    return this.#rows.get(key);
  }

  #day(day) {
    if (!this.#days.has(day)) this.#days.set(day, h('li.day', { role: 'separator' }, h('span')));
    const node = this.#days.get(day);
    setText(node.firstChild, day);
    return node;
  }

  /** Nodes that are in place are left alone: moving one would lose the focus in it and be announced anew. */
  #place(nodes) {
    const wanted = new Set(nodes);
    for (const child of [...this.list.children]) if (!wanted.has(child)) child.remove();
    nodes.forEach((node, index) => { if (this.list.children[index] !== node) this.list.insertBefore(node, this.list.children[index] ?? null); });
    for (const [key, row] of this.#rows) if (!wanted.has(row.element)) this.#rows.delete(key);
  }
}
