package import Kernel

package enum PollSubject {}
package typealias PollID = Identifier<PollSubject>
package enum PlaceSubject {}
/// Where a poll is held: the id of a room, which belongs to another context.
package typealias PlaceID = Identifier<PlaceSubject>

/// A question to those in a room, with answers to choose from.
package struct Poll: Sendable, Equatable, Codable {
    package let id: PollID
    package let room: PlaceID
    package let question: String
    package let options: [String]
    package let createdBy: UserID
    package let createdAt: Timestamp
    package var closedAt: Timestamp?
    /// Goes up with each change of the poll or its votes: what is told of it may come in any order.
    package var revision: Int64

    package init(
        id: PollID = PollID(), room: PlaceID, question: String, options: [String], createdBy: UserID,
        createdAt: Timestamp, closedAt: Timestamp? = nil, revision: Int64 = 1
    ) {
        self.id = id
        self.room = room
        self.question = question
        self.options = options
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.closedAt = closedAt
        self.revision = revision
    }

    package var isClosed: Bool { closedAt != nil }
}

/// A poll as it stands for one person.
package struct PollView: Sendable, Equatable {
    package let poll: Poll
    /// By option.
    package let votes: [Int]
    /// The option that the person chose; nil if none.
    package let choice: Int?
}

/// A poll on its way in.
package struct PollDraft: Sendable, Equatable {
    package static let optionCount = 2...10
    /// Of a question or an option.
    package static let maximumCharacters = 200
    package let question: String
    package let options: [String]

    package init(question: String, options: [String]) {
        self.question = question
        self.options = options
    }

    /// With its texts trimmed; `invalid_request` naming each field that is wrong.
    package func validated() throws(Failure) -> PollDraft {
        let (question, options) = (question.trimmed, options.map(\.trimmed))
        var problems: [Failure.Field] = []
        if !Self.isFine(question) {
            problems.append(
                .init("question", "invalid", "A question has 1 to \(Self.maximumCharacters) characters."))
        }
        if !Self.optionCount.contains(options.count) || !options.allSatisfy(Self.isFine)
            || Set(options).count != options.count
        {
            problems.append(
                .init(
                    "options", "invalid",
                    "A poll has 2 to 10 different options of 1 to \(Self.maximumCharacters) characters."))
        }
        guard problems.isEmpty else { throw .invalid(problems) }
        return PollDraft(question: question, options: options)
    }

    private static func isFine(_ text: String) -> Bool {
        (1...maximumCharacters).contains(text.count) && text.utf8.count <= maximumCharacters * 8
            && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}
