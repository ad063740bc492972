import Kernel
import Memory
import Postgres
import Relational
import TestDatabase
import Testing

@testable import Chat

@Suite(.enabled(if: TestPostgres.isAvailable, "needs Postgres: CLOUDSTREAM_POSTGRES_OWNER_URL"))
struct HotRoomTests {
    /// Two processes, each with lanes and connections of its own.
    private static func withTwo(_ test: (ChatStage, Rooms) async throws -> Void) async throws {
        try await TestPostgres.with { file in
            // How long all of it takes is not what is shown here.
            let patient = { @Sendable (settings: inout PostgresSettings) in
                settings.statementDeadline = .seconds(300)
            }
            try await file.withDriver(patient) { one in
                try await file.withDriver(patient) { other in
                    let (database, second) = (Database(driver: one), Database(driver: other))
                    let stage = ChatStage(
                        RelationalChatStore(database), Outbox(database), ManualClock(), .generous)
                    let rooms = Rooms(
                        store: RelationalChatStore(second), notices: stage.notices,
                        limiter: MemoryRateLimiter(), neighbours: stage.rooms.neighbours, limits: .generous)
                    try await test(stage, rooms)
                }
            }
        }
    }

    @Test func `64 senders at once in one room, over each of two processes, are all heard`() async throws {
        try await Self.withTwo { stage, other in
            let room = try await stage.open()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for sender in 0..<128 {
                    let rooms = sender % 2 == 0 ? stage.rooms : other
                    group.addTask {
                        for number in 0..<4 {
                            let draft = MessageDraft(body: "\(number)", clientID: "\(sender)-\(number)")
                            _ = try await rooms.send(draft, to: room, by: stage.ada)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let stored = try await stage.rooms.entries(of: room, after: 0, limit: 1_000, in: stage.tenant)
            #expect(stored.map(\.seq) == Array(1...512))
            // Of one sender in the order in which they were sent.
            let perSender = Dictionary(grouping: stored) { $0.clientID.split(separator: "-")[0] }
            #expect(perSender.count == 128)
            #expect(perSender.values.allSatisfy { $0.map(\.body) == ["0", "1", "2", "3"] })
            #expect(try await stage.events(MessageSent.self).map(\.seq) == Array(1...512))
        }
    }

    @Test func `the same message over two processes at once is one message`() async throws {
        try await Self.withTwo { stage, other in
            let room = try await stage.open()
            let answers = try await withThrowingTaskGroup(of: SentMessage.self) { group in
                for number in 0..<40 {
                    let rooms = number % 2 == 0 ? stage.rooms : other
                    let draft = MessageDraft(body: "same", clientID: "c\(number / 4)")
                    group.addTask { try await rooms.send(draft, to: room, by: stage.ada) }
                }
                return try await group.reduce(into: [SentMessage]()) { $0.append($1) }
            }
            #expect(Set(answers.map(\.message.id)).count == 10 && answers.count(where: \.isNew) == 10)
            #expect(try await stage.rooms.lastSeqs(of: [room], in: stage.tenant) == [room: 10])
        }
    }

    @Test func `two people who meet over two processes get one room`() async throws {
        try await Self.withTwo { stage, other in
            let rooms = try await withThrowingTaskGroup(of: RoomID.self) { group in
                for number in 0..<8 {
                    let rooms = number % 2 == 0 ? stage.rooms : other
                    let (from, to) = number % 4 < 2 ? (stage.ada, stage.bob) : (stage.bob, stage.ada)
                    group.addTask { try await rooms.make(.direct(to.user), by: from, nil).view.room.id }
                }
                return try await group.reduce(into: Set<RoomID>()) { $0.insert($1) }
            }
            #expect(rooms.count == 1)
        }
    }
}
