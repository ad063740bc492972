// A guest whose video is not ready yet: it is looked at again until it is, or the visit is over. It touches no page.
import { isFinal } from '../api.js';
import { isSettled } from '../live.js';

const FIRST_MS = 2000;
const LONGEST_MS = 15_000;
const GROWTH = 1.25;

/**
 * `look()` resolves with the video, of which `show` is told; `over(error)` is told of the end without one, with what the
 * server said if it said something. `clock` is {now, after}; nobody looks while `isHidden()`, nor behind `endsAt`.
 */
export function untilReady({ clock, look, show, over, endsAt, isHidden = () => false }) {
  let wait = FIRST_MS;
  const later = () => {
    if (clock.now() >= endsAt) return over();
    clock.after(wait, turn);
    wait = Math.min(wait * GROWTH, LONGEST_MS);
  };
  const turn = async () => {
    if (isHidden()) return later();
    try {
      const video = await look();
      show(video);
      if (isSettled(video)) return;
    } catch (error) {
      if (isFinal(error)) return over(error);
    }
    later();
  };
  later();
}
