package import Kernel
package import Logging

/// Dead letters that are kept elsewhere, and told to a topic besides: `TOPIC.dead-letters`, for whoever watches from outside.
///
/// What `letters` keeps is what counts. A letter that the topic does not take is logged and not told again; one that is
/// buried again is told again. Records are those of the event log with the headers `cloudstream-group`,
/// `cloudstream-reason`, `cloudstream-attempts` and `cloudstream-failed-at`.
package final class KafkaDeadLetterTopic: DeadLetters {
    /// Longest that burying waits for the topic.
    private static let patience: Duration = .seconds(5)
    /// Of a reason, in the topic.
    private static let maximumReasonBytes = 4096

    package let topic: String
    private let letters: any DeadLetters
    private let settings: KafkaSettings
    private let producers: ProducerSeat
    private let administration: TopicAdministration
    private let logger: Logger

    package init(_ letters: any DeadLetters, settings: KafkaSettings, logger: Logger) throws {
        try settings.validate()
        var settings = settings
        settings.producer.deliveryDeadline = min(settings.producer.deliveryDeadline, Self.patience)
        topic = settings.topic + ".dead-letters"
        self.letters = letters
        self.settings = settings
        self.logger = logger
        producers = ProducerSeat(settings, topic: topic, logger: logger)
        administration = try TopicAdministration(settings, logger: logger)
    }

    /// Makes the topic if it is absent, like the log's, except that it keeps letters four times as long.
    package func prepare() async throws {
        try await administration.prepare(
            topic: topic, partitions: settings.partitions, retention: settings.retention * 4)
    }

    package func close() async {
        await producers.close()
        await administration.close()
    }

    package func bury(_ letter: DeadLetter) async throws {
        try await letters.bury(letter)
        do {
            try await producers.producer().send([letter.event], Self.headers(of: letter))
        } catch {
            logger.warning(
                "A dead letter was not told to its topic.",
                metadata: ["topic": "\(topic)", "letter": "\(letter.id)", "error": "\(error)"])
        }
    }

    package func list(_ page: PageRequest) async throws -> Page<DeadLetter> { try await letters.list(page) }

    package func letter(_ id: UUIDv7) async throws -> DeadLetter? { try await letters.letter(id) }

    package func remove(_ id: UUIDv7) async throws -> Bool { try await letters.remove(id) }

    package func requestReplay(_ id: UUIDv7) async throws -> Bool { try await letters.requestReplay(id) }

    package func replayable(group: String, limit: Int) async throws -> [DeadLetter] {
        try await letters.replayable(group: group, limit: limit)
    }

    static func headers(of letter: DeadLetter) -> [EventRecord.Header] {
        [
            EventRecord.Header(.group, letter.group),
            EventRecord.Header(name: .reason, value: Array(letter.reason.utf8.prefix(maximumReasonBytes))),
            EventRecord.Header(.attempts, String(letter.attempts)),
            EventRecord.Header(.failedAt, letter.failedAt.description),
        ]
    }
}
