import Kernel

/// Frames per second as editors count them: exact fractions, and whole numbers in timecodes.
package struct FrameRate: Sendable, Equatable {
    /// Frames in `seconds` seconds.
    package let frames: Int64
    package let seconds: Int64
    /// Frames that a second of timecode counts.
    package let base: Int64

    private static let whole: [Int64] = [24, 25, 30, 48, 50, 60]
    /// A thousand and first part slower, as colour television made them.
    private static let slowed: [String: Int64] = [
        "23.976": 24, "23.98": 24, "29.97": 30, "47.952": 48, "47.95": 48, "59.94": 60,
    ]
    package static let known = "23.976, 24, 25, 29.97, 30, 47.952, 48, 50, 59.94, 60"

    /// Nil unless `text` names a rate that editors know.
    package init?(_ text: String) {
        if let base = Self.slowed[text] {
            (frames, seconds, self.base) = (base * 1_000, 1_001, base)
        } else if let base = Int64(text), Self.whole.contains(base) {
            (frames, seconds, self.base) = (base, 1, base)
        } else {
            return nil
        }
    }

    /// Players tell where a frame begins, rounded: a twentieth of a frame too early is that frame still.
    private static let tolerance = 0.05

    /// The frame that is shown at a time.
    package func frame(at time: Double) -> Int64 {
        Int64((time * Double(frames) / Double(seconds) + Self.tolerance).rounded(.down))
    }

    /// `hh:mm:ss:ff`, counting every frame (non-drop); begins anew after 24 hours.
    package func timecode(frame: Int64) -> String {
        let inDay = frame % (base * 86_400)
        let second = inDay / base
        return [second / 3_600, second / 60 % 60, second % 60, inDay % base].map { number in
            let digits = String(number)
            return digits.count < 2 ? "0" + digits : digits
        }.joined(separator: ":")
    }
}
