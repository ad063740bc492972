package import Kernel
package import Relational

/// Dead letters in a table, one per group and event.
package struct TableDeadLetters: DeadLetters {
    private static let columns =
        "id, consumer_group, " + EventColumns.names + ", reason, attempts, failed_at, replay_requested"

    private let database: Database

    package init(database: Database) { self.database = database }

    package func bury(_ letter: DeadLetter) async throws {
        try await database.writeSystem { writer in
            try writer.upsert(
                into: .deadLetters, EventColumns.row(letter.event),
                and: [
                    "id": letter.id, "consumer_group": letter.group, "reason": letter.reason,
                    "attempts": letter.attempts, "failed_at": letter.failedAt,
                    "replay_requested": letter.replayRequested,
                ],
                key: "consumer_group, event_id",
                // A replay that failed is over, so the request goes with it.
                change: """
                    reason = \(letter.reason), attempts = \(letter.attempts), failed_at = \(letter.failedAt), \
                    replay_requested = \(letter.replayRequested)
                    """)
        }
    }

    package func list(_ page: PageRequest) async throws -> Page<DeadLetter> {
        try await database.readSystem { reader in
            let letters = try reader.select(
                Self.columns, from: .deadLetters, where: page.after.map { "id < \($0)" },
                then: "ORDER BY id DESC LIMIT \(page.limit + 1)", decode: Self.letter)
            return Page(reading: letters, limit: page.limit, key: \.id)
        }
    }

    package func letter(_ id: UUIDv7) async throws -> DeadLetter? {
        try await database.readSystem {
            try $0.first(Self.columns, from: .deadLetters, where: "id = \(id)", decode: Self.letter)
        }
    }

    package func remove(_ id: UUIDv7) async throws -> Bool {
        try await database.writeSystem { try $0.delete(from: .deadLetters, where: "id = \(id)") == 1 }
    }

    package func requestReplay(_ id: UUIDv7) async throws -> Bool {
        try await database.writeSystem {
            try $0.update(.deadLetters, set: "replay_requested = \(true)", where: "id = \(id)") == 1
        }
    }

    package func replayable(group: String, limit: Int) async throws -> [DeadLetter] {
        try await database.readSystem { reader in
            try reader.select(
                Self.columns, from: .deadLetters,
                where: "consumer_group = \(group) AND replay_requested = \(true)",
                then: "ORDER BY id LIMIT \(limit)", decode: Self.letter)
        }
    }

    private static func letter(_ row: inout SQLRowReader) throws -> DeadLetter {
        DeadLetter(
            id: try row.next(), group: try row.next(), event: try EventColumns.read(&row),
            reason: try row.next(),
            attempts: try row.next(), failedAt: try row.next(), replayRequested: try row.next())
    }
}
