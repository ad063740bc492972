// Tabs over panels, as the keyboard and screen readers know them.
import { h, setText } from '../dom.js';

let count = 0;

export class Tabs {
  /** tabs: [{name, label, panel}]; `chosen(name)` hears of every change. */
  constructor({ label, tabs, chosen = () => {} }) {
    this.chosen = chosen;
    const id = `tabs-${count += 1}`;
    this.tabs = new Map(tabs.map(({ name, label: text, panel }) => {
      const badge = h('span.count', { hidden: true });
      const button = h('button.tab', { type: 'button', role: 'tab', id: `${id}-${name}`, 'aria-controls': `${id}-${name}-panel`, onclick: () => this.choose(name), onkeydown: (event) => this.#key(event, name) }, text, badge);
      const holder = h('div.tab-panel', { role: 'tabpanel', id: `${id}-${name}-panel`, 'aria-labelledby': `${id}-${name}` }, panel);
      return [name, { button, holder, badge }];
    }));
    this.element = h('div.tabs', h('div.tab-list', { role: 'tablist', 'aria-label': label }, [...this.tabs.values()].map(({ button }) => button)),
      [...this.tabs.values()].map(({ holder }) => holder));
    this.choose(tabs[0].name);
  }

  choose(name) {
    this.current = name;
    for (const [each, { button, holder }] of this.tabs) {
      button.setAttribute('aria-selected', String(each === name));
      button.tabIndex = each === name ? 0 : -1;
      holder.hidden = each !== name;
    }
    this.chosen(name);
  }

  /** A number beside the name of a tab; said as `spoken`. */
  count(name, text, spoken) {
    const { badge, button } = this.tabs.get(name);
    badge.hidden = !text;
    setText(badge, text);
    if (spoken) badge.setAttribute('aria-label', spoken);
    button.classList.toggle('has-count', Boolean(text));
  }

  #key(event, name) {
    const names = [...this.tabs.keys()];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const next = names[(names.indexOf(name) + step + names.length) % names.length];
    this.choose(next);
    this.tabs.get(next).button.focus();
  }
}
