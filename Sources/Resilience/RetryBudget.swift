/// A purse that keeps retries to a share of the calls: each call puts a little in, each retry takes one out.
///
/// When a dependency fails for everybody, retries would multiply its load; an empty purse stops them.
package struct RetryBudget: Sendable, Equatable {
    package struct Settings: Sendable, Equatable {
        /// Retries per call over time: 0.1 is at most 10 % more calls.
        package var ratio = 0.1
        /// What is in it at first and at most, so that few callers can retry too.
        package var reserve = 10.0

        package init() {}
    }

    package let settings: Settings
    package private(set) var tokens: Double

    package init(_ settings: Settings) {
        self.settings = settings
        tokens = settings.reserve
    }

    /// A call was made that is no retry.
    package mutating func deposit() { tokens = min(settings.reserve, tokens + settings.ratio) }

    /// Whether one more retry is in it.
    package mutating func withdraw() -> Bool {
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
