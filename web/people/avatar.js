import { h } from '../dom.js';
import { initials } from '../format.js';

const HUES = 6;

/** Initials on one of a few grounds, the same for a person everywhere. */
export function avatar(name, id = name, size = '') {
  let sum = 0;
  for (const letter of String(id)) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return h('span.avatar', { class: `${size} hue-${sum % HUES}`, 'aria-hidden': true, title: name }, initials(name));
}
