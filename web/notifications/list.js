// Rows of notifications and activities.
import { h } from '../dom.js';
import { ago, fullTime } from '../format.js';
import { icon } from '../icons.js';
import { avatar } from '../people/avatar.js';
import { people } from '../people/people.js';
import { plain } from '../text.js';
import { describeActivity, describeNotification } from './wording.js';

const nameOf = (id) => people.name(id);

export function activityRow(item) {
  return row(item, describeActivity(item, nameOf));
}

/** `opened` is called when the person follows it. */
export function notificationRow(item, opened) {
  return row(item, describeNotification(item, nameOf), { isUnread: !item.readAt, opened });
}

function row(item, { icon: name, who, text, excerpt, href }, { isUnread = false, opened } = {}) {
  const picture = who && item.actor ? avatar(who, item.actor) : h('span.happening-icon', icon(name));
  const content = [
    h('span.happening-side', picture, who && item.actor && h('span.happening-kind', icon(name))),
    h('span.happening-what',
      h('span', who && h('strong', who, ' '), text),
      excerpt && h('span.excerpt', plain(excerpt, nameOf)),
      h('time', { datetime: item.at, title: fullTime(item.at) }, ago(item.at))),
    isUnread && h('span.dot', { role: 'img', 'aria-label': 'Unread' })];
  return h('li.happening', { class: isUnread ? 'is-unread' : '' }, href ? h('a', { href, onclick: opened }, content) : h('div', content));
}
