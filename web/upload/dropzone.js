// Files may be dropped anywhere on the page.
import { h } from '../dom.js';
import { icon } from '../icons.js';

export class Dropzone {
  #depth = 0;
  #lifetime = new AbortController();

  /** `take(files, handles)`; handles map a File to its FileSystemFileHandle, where the browser has them. */
  constructor(take) {
    this.take = take;
    this.element = h('div.dropzone', { hidden: true, 'aria-hidden': true },
      h('div.dropzone-frame', icon('upload'), h('p', 'Drop videos to upload them')));
    const on = (name, handler) => addEventListener(name, handler, { signal: this.#lifetime.signal });
    on('dragenter', (event) => { if (hasFiles(event)) this.#count(1); });
    on('dragleave', (event) => { if (hasFiles(event)) this.#count(-1); });
    on('dragover', (event) => { if (hasFiles(event)) event.preventDefault(); });
    on('drop', (event) => this.#drop(event));
  }

  dispose() { this.#lifetime.abort(); }

  /** Every element on the way fires enter and leave; only the outermost leave ends the drag. */
  #count(change) {
    this.#depth = Math.max(0, this.#depth + change);
    this.element.hidden = this.#depth === 0;
  }

  async #drop(event) {
    if (!hasFiles(event)) return;
    event.preventDefault();
    this.#count(-this.#depth);
    const files = [...event.dataTransfer.files];
    // Must be asked for before the first await: the transfer is emptied after the event.
    const asked = [...event.dataTransfer.items].map((item) => item.getAsFileSystemHandle?.() ?? null);
    const handles = new Map();
    const found = await Promise.all(asked.map((each) => Promise.resolve(each).catch(() => null)));
    found.forEach((handle, index) => { if (handle?.kind === 'file' && files[index]) handles.set(files[index], handle); });
    const isFile = (_, index) => found[index]?.kind !== 'directory';
    this.take(files.filter(isFile), handles);
  }
}

const hasFiles = (event) => [...event.dataTransfer?.types ?? []].includes('Files');
