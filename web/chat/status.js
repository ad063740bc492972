// How the line is, where it is not as it should be.
import { fill, h } from '../dom.js';
import { icon } from '../icons.js';
import { chat } from './live.js';

/** A line that is back within this time is not worth a word. */
const PATIENCE_MS = 1500;

/** {element, dispose} */
export function connectionBar() {
  const element = h('div.connection', { role: 'status', hidden: true });
  let timer = null;
  const draw = () => {
    timer = null;
    const { state } = chat;
    element.hidden = state === 'online' || state === 'idle';
    if (element.hidden) return;
    const text = state === 'refused' ? 'Live chat is not available to you.'
      : navigator.onLine === false ? 'You are offline. Messages are sent when the connection is back.'
        : 'Reconnecting… What you write is sent as soon as possible.';
    fill(element, icon('offline'), h('span', text), state === 'waiting' && h('button.link-button', { type: 'button', onclick: () => chat.connection.hurry() }, 'Try now'));
  };
  const changed = () => {
    if (chat.state === 'online') { clearTimeout(timer); return draw(); }
    if (!element.hidden) return draw();
    timer ??= setTimeout(draw, PATIENCE_MS);
  };
  const end = chat.on('state', changed);
  changed();
  return { element, dispose: () => { end(); clearTimeout(timer); } };
}
