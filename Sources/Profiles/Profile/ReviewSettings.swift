/// Comments on videos, and verdicts on them.
package struct ReviewSettings: Sendable, Equatable {
    package let changesPerMinute: Int
}

extension ReviewSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        changesPerMinute = section.value(
            "changesPerMinute", "Comments, changes of them and verdicts that one person may send.",
            .integer(in: 1...100_000), default: 120)
    }
}
