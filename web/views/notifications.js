// All notifications of the person.
import { sentence } from '../api.js';
import { fill, h } from '../dom.js';
import { icon } from '../icons.js';
import { inbox } from '../notifications/inbox.js';
import { notificationRow } from '../notifications/list.js';
import { people } from '../people/people.js';
import { filterBar } from './filters.js';

export function notifications() {
  let isUnreadOnly = false;
  const list = h('ul.happenings.framed');
  const more = h('button.button.more', { type: 'button', hidden: true, onclick: () => inbox.load(true) }, 'Load more');
  const filters = filterBar({ label: 'Show', options: [[false, 'All'], [true, 'Unread']], choose: (value) => { isUnreadOnly = value; draw(); } });

  function draw() {
    const shown = inbox.items.filter(({ readAt }) => !isUnreadOnly || !readAt);
    more.hidden = !inbox.cursor;
    fill(list, shown.map((item) => notificationRow(item, () => inbox.read([item.id]))),
      shown.length === 0 && h('li.happenings-empty', inbox.failure
        ? [icon('alert'), h('p', `Notifications could not be loaded. ${sentence(inbox.failure)}`), h('button.button.small', { type: 'button', onclick: () => inbox.load() }, 'Try again')]
        : inbox.isLoaded ? [icon('bell'), h('p', isUnreadOnly ? 'You have read everything.' : 'You will hear of mentions, replies, comments and decisions here.')] : h('p', 'Loading…')));
  }

  const ends = [inbox.on('change', draw), people.on('change', draw)];
  people.load();
  inbox.load();
  draw();
  const element = h('div.page.narrow',
    h('div.page-head', h('h1', 'Notifications'), h('div.page-tools', filters.element,
      h('button.button.small', { type: 'button', onclick: () => inbox.readAll() }, icon('check'), h('span', 'Mark all as read')),
      h('a.button.small', { href: '#/settings' }, icon('settings'), h('span', 'Settings')))),
    list, more);
  return { element, title: 'Notifications', dispose: () => ends.forEach((end) => end()) };
}
