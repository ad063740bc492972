import { h } from '../dom.js';

/** A row of buttons of which one is pressed. options: [[value, label]]; `{element, choose(value)}`. */
export function filterBar({ label, options, chosen = options[0][0], choose, kind = '' }) {
  const buttons = new Map(options.map(([value, text]) => [value, h('button.filter', { type: 'button', onclick: () => take(value) }, text)]));
  const element = h('div.filters', { class: kind, role: 'group', 'aria-label': label }, [...buttons.values()]);
  const press = (taken) => { for (const [value, button] of buttons) button.setAttribute('aria-pressed', String(value === taken)); };

  function take(value) {
    press(value);
    choose(value);
  }

  press(chosen);
  return { element, choose: take };
}
