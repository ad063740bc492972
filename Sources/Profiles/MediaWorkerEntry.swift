private import MediaWorker

/// Where `app media-worker` begins: the confined child process that parses what users upload.
package enum MediaWorkerEntry {
    /// The process's exit status.
    package static func run() -> Int32 { MediaChild.run() }
}
