// The bell in the header: how many notifications are unread, and the newest ones.
import { sentence } from '../api.js';
import { fill, h, setText } from '../dom.js';
import { badgeCount } from '../format.js';
import { icon } from '../icons.js';
import { people } from '../people/people.js';
import { announce } from '../toast.js';
import { drop } from '../views/drop.js';
import { inbox } from './inbox.js';
import { notificationRow } from './list.js';
import { describeNotification } from './wording.js';

const SHOWN = 8;

export class Bell {
  #ends;

  constructor() {
    this.badge = h('span.bell-count', { hidden: true });
    this.summary = h('summary.icon-button.bell', { 'aria-label': 'Notifications' }, icon('bell'), this.badge);
    this.list = h('ul.happenings');
    this.all = h('button.link-button', { type: 'button', onclick: () => inbox.readAll() }, 'Mark all as read');
    this.element = drop(this.summary, h('div.drop-list.bell-list',
      h('div.bell-head', h('h2', 'Notifications'), this.all), this.list,
      h('a.bell-more', { href: '#/notifications', onclick: () => { this.element.open = false; } }, 'All notifications')), () => this.#opened());
    this.#ends = [inbox.on('change', () => this.#draw()), people.on('change', () => this.#draw()),
      inbox.on('arrived', (item) => { const { who, text } = describeNotification(item, (id) => people.name(id)); announce(`${who} ${text}`.trim()); })];
    this.#draw();
  }

  dispose() { this.#ends.forEach((end) => end()); }

  #opened() {
    this.#draw();
    people.load();
    inbox.load();
  }

  #draw() {
    const text = badgeCount(inbox.unread);
    this.badge.hidden = !text;
    setText(this.badge, text);
    this.summary.setAttribute('aria-label', inbox.unread ? `Notifications, ${inbox.unread} unread` : 'Notifications');
    this.all.hidden = inbox.unread === 0;
    if (!this.element?.open) return;
    fill(this.list, inbox.items.slice(0, SHOWN).map((item) => notificationRow(item, () => { this.element.open = false; inbox.read([item.id]); })),
      inbox.items.length === 0 && h('li.muted', inbox.failure ? `Notifications are not available. ${sentence(inbox.failure)}` : inbox.isLoaded ? 'Nothing yet. You will hear of mentions, replies and decisions here.' : 'Loading…'));
  }
}
