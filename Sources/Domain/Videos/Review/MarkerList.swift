package import Kernel

/// Threads as markers of an edit decision list (CMX 3600, in the form that DaVinci Resolve writes and reads): an event
/// of one frame for each thread, and in the line behind it note, colour, name and length in frames.
package struct MarkerList: Sendable {
    private let transcript: Reviews.Transcript
    private let rate: FrameRate
    private let start: Int64
    private let names: [UserID: String]

    /// Timelines begin at one o'clock unless told otherwise.
    package static let usualStartSecond: Int64 = 3_600

    /// `startSecond` is the timecode at which the editor's timeline begins.
    package init(
        _ transcript: Reviews.Transcript, rate: FrameRate, names: [UserID: String],
        startSecond: Int64 = usualStartSecond
    ) {
        self.transcript = transcript
        self.rate = rate
        self.names = names
        start = startSecond * rate.base
    }

    package var text: String {
        let replies = Dictionary(grouping: transcript.comments) { $0.parent }
        let threads = transcript.comments.filter { $0.parent == nil }
            .sorted { ($0.atSeconds, $0.id.uuid.high) < ($1.atSeconds, $1.id.uuid.high) }
        let events = threads.enumerated().map { index, thread in
            event(index + 1, thread, replies[thread.id] ?? [])
        }
        let title = Self.line(transcript.video.title, atMost: 70)
        return "TITLE: \(title)\r\nFCM: NON-DROP FRAME\r\n\r\n" + events.joined()
    }

    private func event(_ number: Int, _ thread: Comment, _ replies: [Comment]) -> String {
        let first = rate.frame(at: thread.atSeconds)
        // Until the last frame of the range, and that frame too.
        let length = thread.untilSeconds.map { max(1, rate.frame(at: $0) - first + 1) } ?? 1
        let (from, to) = (rate.timecode(frame: start + first), rate.timecode(frame: start + first + 1))
        let digits = String(number)
        let padded = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
        let said = ([thread] + replies).map {
            "\($0.author.name(among: names)): \($0.text(naming: names))"
        }
        let note = Self.line(said.joined(separator: " / "), atMost: 1_000)
        let name = Self.line(thread.text(naming: names), atMost: 60)
        let color = thread.resolution == nil ? "ResolveColorBlue" : "ResolveColorGreen"
        return "\(padded)  001      V     C        \(from) \(to) \(from) \(to)  \r\n"
            + "\(note) |C:\(color) |M:\(name) |D:\(length)\r\n\r\n"
    }

    /// One line without the bars that divide its parts.
    static func line(_ text: String, atMost count: Int) -> String {
        let words = text.replacing("|", with: "/").split { character in
            character.isWhitespace
                || character.unicodeScalars.allSatisfy { $0.properties.generalCategory == .control }
        }
        let line = words.joined(separator: " ")
        return line.count > count ? line.prefix(count - 1) + "…" : line
    }
}
