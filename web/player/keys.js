// What a key does while a video is on the page. Pure: key in, command out.

const STEP = 5;
const LEAP = 10;
/** A frame at 25 frames a second; other rates come near enough to look closely. */
const FRAME = 0.04;

/** {name, value?} or null */
export function commandOf({ key, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey) return null;
  if (/^[0-9]$/.test(key)) return { name: 'seekToFraction', value: Number(key) / 10 };
  const name = key.length === 1 ? key.toLowerCase() : key;
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : null;
}

const COMMANDS = {
  ' ': { name: 'toggle' },
  k: { name: 'toggle' },
  ArrowLeft: { name: 'seekBy', value: -STEP },
  ArrowRight: { name: 'seekBy', value: STEP },
  j: { name: 'seekBy', value: -LEAP },
  l: { name: 'seekBy', value: LEAP },
  ',': { name: 'seekBy', value: -FRAME },
  '.': { name: 'seekBy', value: FRAME },
  ArrowUp: { name: 'volumeBy', value: 0.05 },
  ArrowDown: { name: 'volumeBy', value: -0.05 },
  m: { name: 'mute' },
  f: { name: 'fullscreen' },
  i: { name: 'pictureInPicture' },
  '<': { name: 'speedBy', value: -1 },
  '>': { name: 'speedBy', value: 1 },
  Home: { name: 'seekToFraction', value: 0 },
  '?': { name: 'help' },
};

/** For the help dialog. */
export const HELP = [
  ['Space or K', 'Play or pause'],
  ['← →', `Back or forward ${STEP} seconds`],
  ['J L', `Back or forward ${LEAP} seconds`],
  [', .', 'Back or forward one frame'],
  ['0 – 9', 'Go to 0 % – 90 %'],
  ['↑ ↓', 'Volume'],
  ['M', 'Sound on or off'],
  ['< >', 'Slower or faster'],
  ['F', 'Full screen'],
  ['I', 'Picture in picture'],
];

/** Whether the key belongs to what has the focus (typing, a menu, a button) and not to the player. */
export function isTaken(event) {
  const { target, key } = event;
  if (event.defaultPrevented || !(target instanceof Element)) return true;
  if (document.querySelector('dialog[open]')) return true;
  if (target.closest('input:not([type=range]), textarea, select, [contenteditable], [role=menu], [role=radiogroup]')) return true;
  if (target.closest('input[type=range]') && key.startsWith('Arrow')) return true;
  // Lists beside the video scroll by these.
  if (target.closest('.room-scroll, .review-scroll, .polls-list') && ['ArrowUp', 'ArrowDown', 'Home', ' '].includes(key)) return true;
  return Boolean(target.closest('button, a[href], summary')) && (key === ' ' || key === 'Enter');
}
