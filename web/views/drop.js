// Small lists that hang from a button and close when the person turns to something else.
import { h } from '../dom.js';

document.addEventListener('pointerdown', ({ target }) => close((drop) => !drop.contains(target)));
document.addEventListener('keydown', ({ key }) => { if (key === 'Escape') close(() => true); });

function close(which) {
  for (const drop of document.querySelectorAll('details.drop[open]')) {
    if (!which(drop)) continue;
    if (drop.contains(document.activeElement)) drop.querySelector('summary').focus();
    drop.open = false;
  }
}

/** `opened()` is called each time. */
export function drop(summary, list, opened) {
  const element = h('details.drop', summary, list);
  if (opened) element.addEventListener('toggle', () => { if (element.open) opened(); });
  return element;
}

export function dropItem(iconNode, label, act) {
  return h('button.drop-item', { type: 'button', onclick: (event) => { event.currentTarget.closest('details').open = false; act(); } }, iconNode, label);
}
