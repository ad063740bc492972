/// How much of the relational store searches may take.
package struct SearchSettings: Sendable, Equatable {
    package let concurrentReads: Int
    package let waitingReads: Int
    package let deadline: Duration
}

extension SearchSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        concurrentReads = section.value(
            "concurrentReads", "Searches that read at once, of all teams.", .integer(in: 1...1000), default: 2
        )
        waitingReads = section.value(
            "waitingReads", "Searches that may wait for their turn; more are refused.",
            .integer(in: 0...100_000), default: 64)
        deadline = section.value(
            "deadline", "Longest time for one look into the index, its waiting included.",
            .duration(in: .milliseconds(10) ... .minutes(1)), default: .seconds(3))
    }

    /// Others must find a connection however many search.
    func check(against relational: RelationalChoice, _ root: inout SectionReader) {
        let (key, connections) =
            switch relational {
            case .sqlite(let settings): ("relational.sqlite.readers", settings.readers)
            case .postgres(let settings): ("relational.postgres.connections", settings.connections)
            }
        root.require(
            ["search.concurrentReads", key], concurrentReads < max(2, connections),
            "must be less than \(key) (\(connections)), or searches could take all of them")
    }
}
