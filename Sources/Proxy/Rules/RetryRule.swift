import NIOHTTP1

/// What became of an attempt to have a request answered.
struct FailedAttempt: Sendable, Equatable {
    enum Cause: Sendable, Equatable {
        /// No connection, so nothing was sent.
        case notConnected
        /// The connection ended before the head of an answer.
        case cut
        case late
    }

    var cause: Cause
    var method: HTTPMethod
    var hasIdempotencyKey = false
    var hasBody = false
    /// Of the body, sent to the instance.
    var sentBytes = 0
    /// The instance was sent the whole request.
    var isWhole = false
    /// All that was sent of the body is still here.
    var isKept = false
    var hasAnswerBegun = false
    /// Attempts made, with this one.
    var number = 1
}

/// Whether a failed request may be sent to another instance: only where it cannot happen twice.
struct RetryRule: Sendable, Equatable {
    var maximumAttempts = 3

    func allows(_ attempt: FailedAttempt) -> Bool {
        guard !attempt.hasAnswerBegun, attempt.number < maximumAttempts else { return false }
        switch attempt.cause {
        case .notConnected: return true
        // The time is spent, and a slow fleet is not helped by more requests.
        case .late: return false
        case .cut: return isHarmless(attempt)
        }
    }

    private func isHarmless(_ attempt: FailedAttempt) -> Bool {
        // An instance cannot have done what it was told only the half of.
        if attempt.hasBody, attempt.sentBytes == 0, !attempt.isWhole { return true }
        guard attempt.hasIdempotencyKey || Self.isIdempotent(attempt.method) else { return false }
        return attempt.sentBytes == 0 || attempt.isKept
    }

    /// By RFC 9110, section 9.2.2.
    static func isIdempotent(_ method: HTTPMethod) -> Bool {
        switch method {
        case .GET, .HEAD, .OPTIONS, .TRACE, .PUT, .DELETE: true
        default: false
        }
    }
}
