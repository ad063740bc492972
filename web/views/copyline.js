import { fill, h } from '../dom.js';
import { icon } from '../icons.js';

/** An address in a field, with a button that copies it. */
export function copyLine(address, label) {
  const shown = h('input', { type: 'text', readonly: true, value: address, 'aria-label': label, onfocus: () => shown.select() });
  const copy = h('button.button', { type: 'button', onclick: copyAddress }, icon('copy'), h('span', 'Copy'));

  async function copyAddress() {
    try {
      await navigator.clipboard.writeText(address);
      fill(copy, icon('check'), h('span', 'Copied'));
    } catch {
      // Without permission, or on a plain address of the local network: the person copies it by hand.
      shown.focus();
      shown.select();
    }
  }

  return h('div.copy-line', shown, copy);
}
