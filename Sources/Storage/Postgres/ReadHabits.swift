/// Remembers which first statements were followed by more, so that their bodies go straight to a transaction.
///
/// One statement may begin bodies of both kinds, and habits change: now and then a body is tried again as a single one.
struct ReadHabits {
    /// More are not remembered; forgetting costs a round trip each.
    private static let capacity = 1024
    private static let credit = 16
    private static let highestCredit = 64

    /// How many more bodies go straight, by the text of their first statement.
    private var credits: [String: Int] = [:]

    mutating func takesStraight(_ text: String) -> Bool {
        guard !credits.isEmpty, let credit = credits[text] else { return false }
        credits[text] = credit > 1 ? credit - 1 : nil
        return true
    }

    mutating func noteMore(after text: String) {
        if credits[text] == nil && credits.count >= Self.capacity { credits.removeAll() }
        credits[text] = min(Self.highestCredit, (credits[text] ?? 0) + Self.credit)
    }
}
