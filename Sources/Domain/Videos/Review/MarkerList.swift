package import Kernel

/// Threads as markers of an edit decision list (CMX 3600): an event of one frame for each frame that has any. The line
/// behind it is in the form that DaVinci Resolve writes and reads, with note, colour, name and length in frames; those
/// behind that are locators, one for each thread, with time, colour and name, as other readers know them.
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
        // A reply whose thread was deleted stands for itself.
        let present = Set(transcript.comments.map(\.id))
        let replies = Dictionary(grouping: transcript.comments) { comment in
            comment.parent.flatMap { present.contains($0) ? $0 : nil }
        }
        // Editors keep one marker for a frame, and readers refuse two events at one time.
        let frames = Dictionary(grouping: replies[nil] ?? []) { rate.frame(at: $0.atSeconds) }
        let events = frames.sorted { $0.key < $1.key }.enumerated().map { index, entry in
            event(index + 1, at: entry.key, entry.value) { replies[$0.id] ?? [] }
        }
        let title = Self.line(transcript.video.title, atMost: 70)
        return "TITLE: \(title)\r\nFCM: NON-DROP FRAME\r\n\r\n" + events.joined()
    }

    private func event(
        _ number: Int, at frame: Int64, _ threads: [Comment], replies: (Comment) -> [Comment]
    ) -> String {
        // Until the last frame of the longest range, and that frame too.
        let length =
            threads.map { $0.untilSeconds.map { max(1, rate.frame(at: $0) - frame + 1) } ?? 1 }.max() ?? 1
        let (from, to) = (rate.timecode(frame: start + frame), rate.timecode(frame: start + frame + 1))
        let digits = String(number)
        let padded = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
        let said = threads.flatMap { [$0] + replies($0) }.map {
            "\($0.author.name(among: names)): \($0.text(naming: names))"
        }
        let name = Self.line(threads.map { $0.text(naming: names) }.joined(separator: " / "), atMost: 60)
        let color = threads.allSatisfy { $0.resolution != nil } ? "ResolveColorGreen" : "ResolveColorBlue"
        return "\(padded)  001      V     C        \(from) \(to) \(from) \(to)  \r\n"
            + "\(Self.note(said)) |C:\(color) |M:\(name) |D:\(length)\r\n"
            + threads.map { locator($0, from) }.joined() + "\r\n"
    }

    /// The same marker for readers that know locators alone.
    private func locator(_ thread: Comment, _ timecode: String) -> String {
        let color = thread.resolution == nil ? "BLUE   " : "GREEN  "
        return "* LOC: \(timecode) \(color) \(Self.line(thread.text(naming: names), atMost: 60))\r\n"
    }

    /// A line that begins with a number would be an event of its own.
    private static func note(_ said: [String]) -> String {
        let note = line(said.joined(separator: " / "), atMost: 1_000)
        return (note.first?.isNumber == true ? "* " : "") + note
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
