/// Why a source cannot become a video. `code` is stable; `detail` is a sentence for the person who uploaded it.
package struct MediaFailure: Error, Sendable, Codable, Equatable {
    package enum Code: String, Sendable, Codable, CaseIterable {
        case notAVideo = "not_a_video"
        case noVideoStream = "no_video_stream"
        case tooLong = "too_long"
        case tooLarge = "too_large"
        case tooSmall = "too_small"
        case unsupportedCodec = "unsupported_codec"
        case corrupt
        case timeout
        case outOfResources = "out_of_resources"
        case checksumMismatch = "checksum_mismatch"
        case sourceMissing = "source_missing"
        case workerCrashed = "worker_crashed"
    }

    package let code: Code
    package let detail: String

    package init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Whether another attempt at the same bytes could end differently.
    package var isRetryable: Bool {
        switch code {
        case .workerCrashed, .timeout, .outOfResources: true
        default: false
        }
    }
}
