/// Which numbers of a sequence have been seen, as runs: small, since they come nearly in order.
package struct SequenceRuns: Sendable, Equatable {
    /// More gaps than that are taken as filled from the lowest up.
    package static let maximumRuns = 64
    private var runs: [ClosedRange<Int64>] = []

    package init() {}

    /// The highest number seen.
    package var last: Int64? { runs.last?.upperBound }

    /// False if it was seen before.
    package mutating func insert(_ number: Int64) -> Bool {
        guard !runs.contains(where: { $0.contains(number) }) else { return false }
        runs.append(number...number)
        runs.sort { $0.lowerBound < $1.lowerBound }
        var merged: [ClosedRange<Int64>] = []
        for run in runs {
            if let last = merged.last, last.upperBound + 1 >= run.lowerBound {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, run.upperBound)
            } else {
                merged.append(run)
            }
        }
        runs = merged
        shorten()
        return true
    }

    /// False if it was not seen.
    package mutating func remove(_ number: Int64) -> Bool {
        guard let index = runs.firstIndex(where: { $0.contains(number) }) else { return false }
        let run = runs[index]
        let below = run.lowerBound < number ? [run.lowerBound...number - 1] : []
        let above = number < run.upperBound ? [number + 1...run.upperBound] : []
        runs.replaceSubrange(index...index, with: below + above)
        shorten()
        return true
    }

    package var isEmpty: Bool { runs.isEmpty }

    private mutating func shorten() {
        while runs.count > Self.maximumRuns {
            let second = runs.remove(at: 1)
            runs[0] = runs[0].lowerBound...second.upperBound
        }
    }
}

extension SequenceRuns: CustomStringConvertible, LosslessStringConvertible {
    /// Such as `5-9 11-11`.
    package var description: String {
        runs.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: " ")
    }

    package init?(_ text: String) {
        for part in text.split(separator: " ") {
            let ends = part.split(separator: "-").compactMap { Int64($0) }
            guard ends.count == 2, ends[0] <= ends[1] else { return nil }
            runs.append(ends[0]...ends[1])
        }
    }
}
