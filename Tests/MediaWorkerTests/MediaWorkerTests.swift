import Testing

/// One test at a time: several look for processes left behind.
@Suite(.serialized) enum MediaWorkerTests {}
