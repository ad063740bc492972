// Comments as a file for an editing program.
import { send, sentence } from '../api.js';
import { h } from '../dom.js';
import { icon } from '../icons.js';
import { toast } from '../toast.js';
import { drop, dropItem } from '../views/drop.js';

const FORMATS = [['csv', 'Table (CSV)'], ['edl', 'Markers (EDL)']];

/** A menu that saves the comments of a video; the address needs the session, so the file is fetched first. */
export function exportMenu(videoId, nameOf) {
  async function save(format) {
    try {
      const response = await send(`/v1/videos/${videoId}/comments/export?format=${format}`, {});
      const address = URL.createObjectURL(await response.blob());
      h('a', { href: address, download: `${nameOf()} comments.${format}` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } catch (error) {
      toast(sentence(error), { kind: 'error' });
    }
  }

  return drop(h('summary.icon-button', { 'aria-label': 'Export comments', title: 'Export comments' }, icon('download')),
    h('div.drop-list', FORMATS.map(([format, label]) => dropItem(null, label, () => save(format)))));
}
