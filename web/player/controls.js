// The bar under the picture. It shows what the player tells it and sends commands back.
import { fill, h, setText } from '../dom.js';
import { clock } from '../format.js';
import { icon } from '../icons.js';
import { ChoiceMenu } from './menu.js';
import { Scrubber } from './scrubber.js';

export const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

export class Controls {
  #shown = {};

  constructor(player) {
    this.player = player;
    const command = (name) => () => player.run(name);
    this.scrubber = new Scrubber({ seek: (time) => player.seek(time) });
    this.play = button('Play', 'play', command('toggle'));
    this.mute = button('Mute', 'volume', command('mute'));
    this.full = button('Full screen', 'enter', command('fullscreen'));
    this.pip = button('Picture in picture', 'pip', command('pictureInPicture'));
    this.help = button('Keyboard shortcuts', 'keyboard', command('help'));
    this.pip.hidden = !document.pictureInPictureEnabled;
    this.volume = h('input.volume', {
      type: 'range', min: '0', max: '1', step: '0.05', 'aria-label': 'Volume',
      oninput: () => { player.video.volume = Number(this.volume.value); player.video.muted = this.volume.value === '0'; },
    });
    this.now = h('span.time-now');
    this.total = h('span.time-total');
    this.speed = new ChoiceMenu({ label: 'Speed', iconName: 'speed', choose: (value) => { player.video.playbackRate = value; } });
    this.quality = new ChoiceMenu({ label: 'Quality', iconName: 'quality', choose: (value) => player.engine.choose(value) });
    this.quality.element.hidden = true;
    this.element = h('div.player-controls',
      this.scrubber.element,
      h('div.player-row',
        this.play,
        h('div.volume-group', this.mute, this.volume),
        h('div.time', this.now, h('span', { 'aria-hidden': true }, ' / '), this.total),
        h('div.player-gap'),
        this.speed.element, this.quality.element, this.help, this.pip, this.full));
  }

  set thumbnails(cues) { this.scrubber.cues = cues; }

  /** Whether hiding the bar would take something away from under the hand. */
  get isBusy() {
    return this.speed.isOpen || this.quality.isOpen || this.element.matches(':focus-within:has(:focus-visible)')
      || this.scrubber.element.classList.contains('is-dragging');
  }

  update({ time, total, available, buffered }) {
    const { video } = this.player;
    this.scrubber.update({ time, total, available, buffered });
    setText(this.now, clock(time));
    setText(this.total, clock(total));
    this.#once('play', video.ended ? 'retry' : video.paused ? 'play' : 'pause', (name) => {
      relabel(this.play, { retry: 'Play again', play: 'Play', pause: 'Pause' }[name], name);
    });
    const silent = video.muted || video.volume === 0;
    this.#once('mute', silent, () => relabel(this.mute, silent ? 'Sound on' : 'Mute', silent ? 'muted' : 'volume'));
    this.volume.value = String(silent ? 0 : video.volume);
    this.#once('speed', video.playbackRate, (rate) => {
      this.speed.update(SPEEDS.map((value) => ({ value, label: value === 1 ? 'Normal' : `${value}×` })), rate, `${rate}×`);
    });
  }

  showLevels({ levels, chosen, level }) {
    this.quality.element.hidden = levels.length < 1;
    const automatic = { value: -1, label: 'Auto', note: chosen < 0 && level >= 0 ? levels[level].name : '' };
    const choices = levels.map(({ name, bandwidth }, value) => ({ value, label: name, note: `${(bandwidth / 1e6).toFixed(1)} Mbit/s` }));
    const summary = chosen >= 0 ? levels[chosen].name : `Auto${level >= 0 ? ` ${levels[level].name}` : ''}`;
    this.quality.update([automatic, ...choices.reverse()], chosen, summary);
  }

  showFullscreen(isFull) {
    relabel(this.full, isFull ? 'Leave full screen' : 'Full screen', isFull ? 'leave' : 'enter');
  }

  /** Icons are rebuilt only on a change: replacing what is under the pointer would swallow clicks. */
  #once(name, value, draw) {
    if (this.#shown[name] === value) return;
    this.#shown[name] = value;
    draw(value);
  }
}

function button(label, iconName, onclick) {
  return h('button.player-button', { type: 'button', 'aria-label': label, title: label, onclick }, icon(iconName));
}

function relabel(node, label, iconName) {
  node.setAttribute('aria-label', label);
  node.title = label;
  fill(node, icon(iconName));
}
