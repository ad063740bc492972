/** Codes of `error` frames behind which the same may succeed a little later: what over HTTP is 429 and all from 500 on. */
export const PASSING = new Set(['rate_limited', 'too_many_uploads', 'overloaded', 'unavailable', 'disk_full', 'schema_outdated', 'no_database_free', 'claim_pending',
  'database_unknown', 'cancelled', 'timeout', 'outcome_unknown', 'internal', 'bucket_missing', 'unknown']);
