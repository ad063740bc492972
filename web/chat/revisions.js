// Every text that a message had, for those who may know.
import { api, sentence } from '../api.js';
import { fill, h } from '../dom.js';
import { fullTime } from '../format.js';
import { icon } from '../icons.js';
import { people } from '../people/people.js';
import { prose } from '../people/prose.js';
import { showDialog } from '../views/dialog.js';

export function showRevisions(message) {
  const list = h('ol.revisions', { 'aria-live': 'polite' }, h('li.muted', 'Loading…'));
  showDialog('What this message said', list);
  load();

  async function load() {
    try {
      const { items } = await api.get(`/v1/messages/${message.id}/history`);
      fill(list, items.map((each, index) => revision(each, message, index === items.length - 1)).reverse());
    } catch (error) {
      fill(list, h('li.room-trouble', icon('alert'), `It could not be loaded. ${sentence(error)} `, h('button.link-button', { type: 'button', onclick: load }, 'Try again')));
    }
  }
}

function revision({ body, at, by }, message, isLast) {
  return h('li.revision',
    h('p.message-head', h('time', { datetime: at }, fullTime(at)), isLast && h('span.you', 'now'), by !== message.author && h('span.muted', `by ${people.name(by)}`)),
    body === null ? h('p.message-body.is-deleted', 'Deleted') : h('p.message-body', prose(body)));
}
