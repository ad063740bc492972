import Foundation
import InProcess
import Kernel
import Logging
import Synchronization
import Telemetry
import TestDatabase
import Testing

@testable import App

/// What a consumer group does with events that fail, on the real log.
@Suite struct EventConsumptionTests {
    @Test func aPoisonousEventIsBuriedWithItsReasonAndTheGroupGoesOn() async throws {
        try await Self.with { stage in
            let poison = try await stage.tell("poison")
            let sound = try await stage.tell("sound")
            try await stage.consuming(failing: ["poison"]) {
                let goesOn = try await eventually { stage.applied.withLock { $0.contains(sound.id) } }
                #expect(goesOn)
                let isBuried = try await eventually { try await stage.buried().count == 1 }
                #expect(isBuried)
            }
            let letter = try #require(try await stage.buried().first)
            #expect(letter.event == poison)
            #expect(letter.group == "test")
            #expect(letter.attempts == 3)
            #expect(letter.reason.contains("cannot digest poison"))
        }
    }

    @Test func aReplayedLetterIsAppliedAndGone() async throws {
        try await Self.with { stage in
            let poison = try await stage.tell("poison")
            try await stage.consuming(failing: ["poison"]) {
                let isBuried = try await eventually { try await !stage.buried().isEmpty }
                #expect(isBuried)
            }
            let letter = try #require(try await stage.buried().first)
            #expect(try await stage.letters.requestReplay(letter.id))
            try await stage.consuming(failing: []) {
                let isGone = try await eventually { try await stage.buried().isEmpty }
                #expect(isGone)
            }
            #expect(stage.applied.withLock { $0.contains(poison.id) })
        }
    }

    private final class Stage: Sendable {
        let log: TableEventLog
        let letters: TableDeadLetters
        let applied = Mutex<Set<EventID>>([])

        init(_ file: TestDatabase) {
            let database = file.database()
            log = TableEventLog(
                database: database, settings: .init(partitions: 2, pollInterval: .milliseconds(20)))
            letters = TableDeadLetters(database: database)
        }

        func buried() async throws -> [DeadLetter] {
            try await letters.list(PageRequest(limit: 10)).items
        }

        func tell(_ key: String) async throws -> Event {
            let event = Event(
                type: "test.told", version: 1, tenant: TenantID(), key: key, data: Array("{}".utf8))
            try await log.append([event])
            return event
        }

        /// Runs a group that fails at `keys` while `body` runs.
        func consuming(failing keys: Set<String>, _ body: () async throws -> Void) async throws {
            let consumption = EventConsumption(
                group: "test", log: log, deadLetters: letters,
                settings: .init(
                    batch: 8, wait: .milliseconds(50), maximumAttempts: 3,
                    backoff: Backoff(first: .milliseconds(1), maximum: .milliseconds(5)),
                    handlerDeadline: .seconds(5)),
                metrics: MetricRegistry(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ) { event in
                guard !keys.contains(event.key) else {
                    throw Failure(.internal, "poison", "cannot digest \(event.key)")
                }
                self.applied.withLock { _ = $0.insert(event.id) }
            }
            let running = Task { try await consumption.run() }
            defer { running.cancel() }
            try await body()
            running.cancel()
            try await running.value
        }
    }

    private static func with(_ body: (Stage) async throws -> Void) async throws {
        try await TestDatabase.with { file in
            let stage = Stage(file)
            try await stage.log.prepare()
            try await body(stage)
        }
    }
}
