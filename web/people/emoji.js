// A small choice of emoji for a text field: arrows move, Enter takes, Escape goes back to the text.
import { h } from '../dom.js';
import { icon } from '../icons.js';

export const COLUMNS = 8;
/** Name and code points; the second of some asks for the picture instead of the sign. */
export const EMOJI = [
  ['thumbs up', 0x1F44D], ['thumbs down', 0x1F44E], ['clapping', 0x1F44F], ['thank you', 0x1F64F], ['raised hand', 0x270B], ['strong', 0x1F4AA], ['ok hand', 0x1F44C], ['waving', 0x1F44B],
  ['smile', 0x1F642], ['grin', 0x1F604], ['tears of joy', 0x1F602], ['wink', 0x1F609], ['heart eyes', 0x1F60D], ['cool', 0x1F60E], ['thinking', 0x1F914], ['surprised', 0x1F62E],
  ['sweat smile', 0x1F605], ['eye roll', 0x1F644], ['sad', 0x1F622], ['crying', 0x1F62D], ['angry', 0x1F620], ['mind blown', 0x1F92F], ['sleepy', 0x1F634], ['party', 0x1F973],
  ['heart', 0x2764, 0xFE0F], ['fire', 0x1F525], ['sparkles', 0x2728], ['star', 0x2B50], ['hundred', 0x1F4AF], ['tada', 0x1F389], ['rocket', 0x1F680], ['trophy', 0x1F3C6],
  ['check', 0x2705], ['cross', 0x274C], ['warning', 0x26A0, 0xFE0F], ['question', 0x2753], ['exclamation', 0x2757], ['eyes', 0x1F440], ['bulb', 0x1F4A1], ['bug', 0x1F41B],
  ['clapper board', 0x1F3AC], ['film camera', 0x1F3A5], ['headphones', 0x1F3A7], ['musical note', 0x1F3B5], ['palette', 0x1F3A8], ['scissors', 0x2702, 0xFE0F], ['pin', 0x1F4CC], ['clock', 0x23F0],
].map(([name, ...codes]) => ({ name, text: String.fromCodePoint(...codes) }));

/** The place that a key leads to from `at`, or null for other keys. */
export function stepOf(key, at, count = EMOJI.length) {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[key];
  if (step !== undefined) return at + step >= 0 && at + step < count ? at + step : at;
  return { Home: 0, End: count - 1 }[key] ?? null;
}

let count = 0;

/** {button, panel}: `insert(text)` takes one, `back()` leads back to the text. */
export function emojiPicker({ insert, back }) {
  const id = `emoji-${count += 1}`;
  const button = h('button.icon-button.emoji-button', { type: 'button', popovertarget: id, 'aria-label': 'Emoji', title: 'Emoji' }, icon('smile'));
  const panel = h('div.emoji-panel', { id, popover: 'auto', role: 'group', 'aria-label': 'Emoji', onbeforetoggle: fillOnce, ontoggle: shown, onkeydown: key });
  let at = 0;

  function fillOnce() {
    if (panel.firstChild) return;
    panel.append(...EMOJI.map(({ name, text }) => h('button.emoji', { type: 'button', tabindex: '-1', 'aria-label': name, title: name, onclick: () => take(text) }, text)));
  }

  function shown({ newState }) {
    if (newState !== 'open') return;
    const place = button.getBoundingClientRect();
    const above = place.top - panel.offsetHeight - 6;
    panel.style.left = `${Math.max(8, Math.min(place.right - panel.offsetWidth, innerWidth - panel.offsetWidth - 8))}px`;
    panel.style.top = `${above >= 8 ? above : Math.min(place.bottom + 6, innerHeight - panel.offsetHeight - 8)}px`;
    mark(at);
  }

  function mark(index) {
    panel.children[at].tabIndex = -1;
    at = index;
    panel.children[at].tabIndex = 0;
    panel.children[at].focus();
  }

  function key(event) {
    const next = stepOf(event.key, at);
    if (next === null && event.key !== 'Escape') return;
    event.preventDefault();
    // The player has keys of its own.
    event.stopPropagation();
    if (next !== null) return mark(next);
    panel.hidePopover();
    back();
  }

  function take(text) {
    panel.hidePopover();
    insert(text);
  }

  return { button, panel };
}
