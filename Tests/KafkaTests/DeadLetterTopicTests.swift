import InProcess
import Kafka
import Kernel
import MockKafka
import TestDatabase
import Testing

@testable import Kafka

@Suite(.timeLimit(.minutes(5))) struct DeadLetterTopicTests {
    @Test func `a buried letter is kept and told to the topic`() async throws {
        try await Self.with { stage, letters, kept in
            let letter = Self.letter(1)
            try await letters.bury(letter)
            #expect(try await kept.letter(letter.id) == letter)
            var settings = stage.settings
            settings.topic = letters.topic
            let reader = try KafkaEventLog(settings: settings, logger: MockStage.logger)
            let told = try await MockStage(cluster: stage.cluster, settings: settings, log: reader)
                .everything(1)
            #expect(told == [letter.event])
            await reader.close()
        }
    }

    @Test func `a letter that the topic does not take is kept all the same`() async throws {
        try await Self.with(deliveryDeadline: .seconds(2)) { stage, letters, kept in
            stage.cluster.takeDown()
            let letter = Self.letter(2)
            try await letters.bury(letter)
            #expect(try await kept.letter(letter.id) == letter)
            stage.cluster.bringUp()
        }
    }

    @Test func `everything else is what is kept`() async throws {
        try await Self.with { _, letters, kept in
            let letter = Self.letter(3)
            try await letters.bury(letter)
            #expect(try await letters.letter(letter.id) == letter)
            #expect(try await letters.list(PageRequest(limit: 10)).items == [letter])
            #expect(try await letters.requestReplay(letter.id))
            #expect(try await letters.replayable(group: "group", limit: 10).map(\.id) == [letter.id])
            #expect(try await letters.remove(letter.id))
            #expect(try await kept.letter(letter.id) == nil)
        }
    }

    private static func letter(_ number: Int) -> DeadLetter {
        DeadLetter(
            group: "group", event: .sample(key: "a", number: number), reason: "because", attempts: 5,
            failedAt: Timestamp(milliseconds: 1_800_000_000_000))
    }

    private static func with(
        deliveryDeadline: Duration = .seconds(120),
        _ body: (MockStage, KafkaDeadLetterTopic, any DeadLetters) async throws -> Void
    ) async throws {
        try await TestDatabase.with { file in
            try await MockStage.with {
                $0.producer.deliveryDeadline = deliveryDeadline
            } _: { stage in
                stage.cluster.makeTopic("events.dead-letters", partitions: 4)
                let kept = TableDeadLetters(database: file.database())
                let letters = try KafkaDeadLetterTopic(
                    kept, settings: stage.settings, logger: MockStage.logger)
                try await letters.prepare()
                try await body(stage, letters, kept)
                await letters.close()
            }
        }
    }
}
