// What a refusal of the server means for an upload: what the person reads, and whether asking again can help. It touches no page.
import { ApiError, isFinal, sentence } from '../api.js';

const GONE = 'The server no longer keeps this upload. Choose the file again to start over.';
/** Not passing by themselves: parts are looked up and sent again, or somebody makes room first. */
const WORTH_ANOTHER_TRY = new Set(['part_busy', 'part_mismatch', 'upload_incomplete', 'upload_completed', 'quota_exceeded']);

/** {message, again, gone}; `isKnown`: the server had the upload before. */
export function refusalOf(error, { isKnown }) {
  if (isGone(error, isKnown)) return { message: GONE, again: false, gone: true };
  return { message: sentence(error), again: mayHelp(error), gone: false };
}

function isGone({ status, code }, isKnown) { return isKnown && status === 404 || code === 'upload_expired'; }

function mayHelp(error) {
  return !isFinal(error) || error.status === 401 || WORTH_ANOTHER_TRY.has(error.code);
}
