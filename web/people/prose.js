// What people wrote, as nodes: text, links, names, and times of a video where those lead somewhere.
import { h } from '../dom.js';
import { parseTimecode } from '../format.js';
import { session } from '../session.js';
import { partsOf } from '../text.js';
import { people } from './people.js';

/** `seek(seconds)`: with it "1:23" becomes a button. */
export function prose(body, { seek } = {}) {
  return partsOf(body, Boolean(seek)).map((part) => {
    if (part.kind === 'mention') {
      return h('span.mention', { class: part.userId === session.me?.user.id ? 'is-me' : '' }, `@${people.name(part.userId)}`);
    }
    if (part.kind === 'link') return h('a', { href: part.text, target: '_blank', rel: 'noopener noreferrer nofollow' }, part.text);
    if (part.kind === 'time') return h('button.time-link', { type: 'button', onclick: () => seek(parseTimecode(part.text)) }, part.text);
    return part.text;
  });
}
