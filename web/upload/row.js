// One upload in the list: what it is, how far it is, and what can be done with it.
import { fill, h, setText } from '../dom.js';
import { bytes, percent, remaining, speed } from '../format.js';
import { icon } from '../icons.js';
import { uploads } from './manager.js';
import { sentBytes } from './parts.js';

/** More cells than this cannot be told apart; a cell then stands for several parts. */
const MAX_CELLS = 48;

export class UploadRow {
  #phase = '';

  constructor(key) {
    this.key = key;
    this.title = h('span.upload-title');
    this.percent = h('span.upload-percent');
    this.note = h('p.upload-note');
    this.cells = h('div.upload-cells');
    this.progress = h('div.upload-progress', { role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 }, this.cells);
    this.parts = h('p.upload-parts');
    this.buttons = h('div.upload-buttons');
    this.picker = h('input.visually-hidden', {
      type: 'file', tabindex: '-1', 'aria-hidden': true, onchange: () => this.#give(this.picker.files[0]),
    });
    this.element = h('li.upload',
      h('div.upload-head', this.title, this.percent, this.buttons),
      this.progress, this.note, this.parts, this.picker);
  }

  update({ state, speed: meter }) {
    const sent = sentBytes(state);
    const fraction = state.phase === 'done' ? 1 : state.file.size ? sent / state.file.size : 0;
    setText(this.title, state.title);
    this.title.title = state.file.name;
    setText(this.percent, ['creating', 'choosing', 'failed'].includes(state.phase) ? '' : percent(fraction));
    this.progress.setAttribute('aria-valuenow', String(Math.floor(fraction * 100)));
    this.progress.setAttribute('aria-label', `Upload of ${state.title}`);
    if (!this.wrong || state.phase !== 'choosing') setText(this.note, noteOf(state, sent, meter));
    setText(this.parts, partsOf(state));
    this.element.dataset.phase = state.phase;
    this.#drawCells(state);
    if (this.#phase !== state.phase) this.#drawButtons(state);
  }

  #drawCells({ parts, phase }) {
    const groups = groupParts(parts, MAX_CELLS);
    const wanted = phase === 'done' || !groups.length ? 1 : groups.length;
    if (this.cells.children.length !== wanted) {
      fill(this.cells, Array.from({ length: wanted }, () => h('span.upload-cell', h('i'))));
    }
    [...this.cells.children].forEach((cell, index) => {
      const group = groups[index] ?? { fraction: 0, status: 'missing' };
      cell.firstChild.style.width = phase === 'done' ? '100%' : `${group.fraction * 100}%`;
      cell.dataset.status = phase === 'done' ? 'sent' : group.status;
    });
  }

  #drawButtons(state) {
    this.#phase = state.phase;
    const tell = (type) => () => uploads.dispatch(this.key, { type });
    const button = (name, label, onclick) => h('button.icon-button', {
      type: 'button', 'aria-label': `${label}: ${state.title}`, title: label, onclick,
    }, icon(name));
    const hadFocus = this.buttons.contains(document.activeElement);
    const wide = (label, onclick) => h('button.button.small', { type: 'button', onclick }, label);
    const end = button('close', 'Cancel upload', tell('cancel'));
    const dismiss = button('close', 'Dismiss', () => uploads.dismiss(this.key));
    const sets = {
      creating: [button('pause', 'Pause', tell('pause')), end],
      syncing: [end],
      sending: [button('pause', 'Pause', tell('pause')), end],
      paused: [button('play', 'Resume', tell('resume')), end],
      choosing: [wide('Choose file', () => this.#ask()), end],
      failed: [state.error?.again && button('retry', 'Try again', tell('retry')), dismiss],
      completing: [],
      done: [h('a.button.small', { href: `#/videos/${state.videoId}` }, 'Open'), dismiss],
    };
    fill(this.buttons, sets[state.phase] ?? []);
    if (hadFocus) this.buttons.querySelector('button, a')?.focus();
  }

  async #ask() {
    if (!await uploads.reopen(this.key)) this.picker.click();
  }

  #give(file) {
    this.picker.value = '';
    this.wrong = Boolean(file) && !uploads.give(this.key, file);
    if (this.wrong) setText(this.note, 'That is another file. Choose the one this upload was started with.');
  }
}

/** Neighbouring parts together: {fraction, status}; what needs attention in a group wins. */
export function groupParts(parts, most) {
  const size = Math.max(1, Math.ceil(parts.length / most));
  const groups = [];
  for (let first = 0; first < parts.length; first += size) {
    const group = parts.slice(first, first + size);
    const total = group.reduce((sum, part) => sum + part.bytes, 0);
    const sent = group.reduce((sum, part) => sum + (part.status === 'sent' ? part.bytes : part.loaded), 0);
    const has = (status) => group.some((part) => part.status === status);
    const status = has('waiting') ? 'waiting' : has('sending') ? 'sending' : has('missing') ? 'missing' : 'sent';
    groups.push({ fraction: total ? sent / total : 0, status });
  }
  return groups;
}

function noteOf(state, sent, meter) {
  switch (state.phase) {
    case 'creating': return state.held ? 'Paused' : 'Preparing…';
    case 'syncing': return 'Asking the server which parts are missing…';
    case 'choosing': return `Choose “${state.file.name}” again to go on. Only the missing parts are sent.`;
    case 'paused': return `Paused · ${bytes(sent)} of ${bytes(state.file.size)}`;
    case 'completing': return 'Finishing…';
    case 'done': return `${bytes(state.file.size)} uploaded · now being processed`;
    case 'failed': return state.error.message;
    default: {
      const retrying = state.parts.some((part) => part.status === 'waiting') && !state.parts.some((part) => part.status === 'sending');
      if (retrying) return 'The connection was lost. Trying again…';
      if (state.slots === 0) return `Waiting for the uploads before it · ${bytes(state.file.size)}`;
      const rate = meter.rate(performance.now());
      const amount = `${bytes(sent)} of ${bytes(state.file.size)}`;
      return rate > 0 ? `${amount} · ${speed(rate)} · ${remaining((state.file.size - sent) / rate)}` : amount;
    }
  }
}

function partsOf(state) {
  if (state.phase !== 'sending' || state.parts.length < 2) return '';
  const done = state.parts.filter((part) => part.status === 'sent').length;
  const busy = state.parts.filter((part) => part.status === 'sending').map((part) => `#${part.number} ${percent(part.loaded / part.bytes)}`);
  return [`${done} of ${state.parts.length} parts`, ...busy].join(' · ');
}
