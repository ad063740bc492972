// Short notes that go away by themselves; for what happened elsewhere than where the person looks.
import { h } from './dom.js';
import { icon } from './icons.js';

const STAY_MS = 6000;

export function toast(text, { kind = 'info' } = {}) {
  const close = () => note.remove();
  const note = h('div.toast', { class: kind },
    icon(kind === 'error' ? 'alert' : 'check'),
    h('span', text),
    h('button.icon-button', { type: 'button', 'aria-label': 'Dismiss', onclick: close }, icon('close')));
  document.getElementById('toasts').append(note);
  setTimeout(close, STAY_MS);
}

/** For screen readers only. */
export function announce(text) {
  document.getElementById('announcer').textContent = text;
}
