import Kernel

extension Video {
    /// Where a video stands among the versions of one film.
    package struct Version: Sendable, Codable, Equatable {
        /// The id of the first version, which may be gone.
        package let stack: VideoID
        /// From 1; gaps stay where versions were deleted.
        package let number: Int
        /// Whether it is the newest whose bytes have come.
        package var isLatest: Bool

        package init(stack: VideoID, number: Int, isLatest: Bool) {
            self.stack = stack
            self.number = number
            self.isLatest = isLatest
        }

        /// Of a video that is nobody's later version.
        package init(firstOf stack: VideoID) { self.init(stack: stack, number: 1, isLatest: true) }

        static let maximumNumber = 1_000
    }

    /// The newest of `versions`. One that awaits its upload is no match for any that has come.
    static func latest(of versions: [Video]) -> VideoID? {
        versions.max { left, right in
            let (hasLeft, hasRight) = (left.state != .awaitingUpload, right.state != .awaitingUpload)
            return hasLeft == hasRight ? left.version.number < right.version.number : hasRight
        }?.id
    }
}
