import Foundation
import InProcess
import Kafka
import Kernel
import Logging
import Relational
import Resilience

extension Assembly {
    func eventLog(_ database: Database) async throws -> EventStores {
        switch profile.events {
        case .inProcess(let settings):
            let log = TableEventLog(
                database: database,
                settings: .init(
                    partitions: settings.partitions, pollInterval: settings.pollInterval,
                    hold: settings.lease,
                    retention: settings.retention))
            try await log.prepare()
            return EventStores(
                log: log, deadLetters: TableDeadLetters(database: database),
                relay: .init(
                    batch: settings.batch, pollInterval: settings.pollInterval, leaseLifetime: settings.lease),
                removeExpired: { _ = try await log.removeExpired() },
                forget: { try await log.forget(group: $0) })
        case .kafka(let settings): return try await kafka(settings, database)
        }
    }

    private func kafka(_ settings: KafkaEventsSettings, _ database: Database) async throws -> EventStores {
        let address = try KafkaAddress(try secret(settings.brokers, .text).text)
        var configuration = KafkaSettings(
            brokers: address.brokers, topic: settings.topic, partitions: settings.partitions)
        configuration.security = address.properties
        configuration.replicationFactor = settings.replicas
        configuration.minimumInSyncReplicas = settings.minimumInSyncReplicas
        configuration.retention = settings.retention
        configuration.producer.deliveryDeadline = settings.deliveryDeadline
        configuration.consumer.sessionTimeout = settings.sessionTimeout
        configuration.consumer.heartbeat = settings.heartbeat
        configuration.consumer.maximumPollInterval = settings.maximumPollInterval
        let log = try KafkaEventLog(settings: configuration, logger: logger)
        let letters = try KafkaDeadLetterTopic(
            TableDeadLetters(database: database), settings: configuration, logger: logger)
        let guarded = guarded("events", deadline: settings.deliveryDeadline)
        return EventStores(
            log: GuardedEventLog(log, by: guarded), deadLetters: letters,
            relay: .init(
                batch: settings.relay.batch, pollInterval: settings.relay.pollInterval,
                leaseLifetime: settings.relay.lease),
            prepare: {
                try await log.prepare()
                try await letters.prepare()
            }, check: { try await log.check() },
            close: {
                await letters.close()
                await log.close()
            })
    }

    /// Where commits do not take turns, a claim begins where the last one found work, and looks at all only now and then.
    private static let fullLook: Duration = .seconds(1)

    func jobQueue(_ database: Database) -> TableJobQueue {
        let fullLook: Duration =
            switch profile.relational {
            case .sqlite: .zero
            case .postgres: Self.fullLook
            }
        return switch profile.jobs {
        case .table: TableJobQueue(database: database, settings: .init(fullLook: fullLook))
        }
    }
}

/// The log of events and what goes with it.
struct EventStores: Sendable {
    let log: any EventLog
    let deadLetters: any DeadLetters
    let relay: OutboxRelay.Settings
    /// Forgets what every group has applied long ago, where the log does not do so by itself.
    let removeExpired: @Sendable () async throws -> Void
    /// A group that is gone for good keeps nothing any more; nil where groups without members go by themselves.
    let forget: (@Sendable (_ group: String) async throws -> Void)?
    /// Makes what the log needs of its servers; again is fine.
    let prepare: @Sendable () async throws -> Void
    /// Nil where the log lives and dies with the relational store.
    let check: (@Sendable () async throws -> Void)?
    let close: @Sendable () async -> Void

    init(
        log: any EventLog, deadLetters: any DeadLetters, relay: OutboxRelay.Settings,
        removeExpired: @escaping @Sendable () async throws -> Void = {},
        forget: (@Sendable (_ group: String) async throws -> Void)? = nil,
        prepare: @escaping @Sendable () async throws -> Void = {},
        check: (@Sendable () async throws -> Void)? = nil, close: @escaping @Sendable () async -> Void = {}
    ) {
        self.log = log
        self.deadLetters = deadLetters
        self.relay = relay
        self.removeExpired = removeExpired
        self.forget = forget
        self.prepare = prepare
        self.check = check
        self.close = close
    }
}

/// `host:port,host:port?key=value&key=value`: brokers, and what librdkafka needs to be let in (`security.protocol`,
/// `sasl.mechanism`, `sasl.username`, `sasl.password`, `ssl.ca.location`, ...).
struct KafkaAddress: Equatable {
    let brokers: String
    let properties: [String: String]

    /// Throws `invalid` without telling what stands there, which may hold a password.
    init(_ text: String) throws(Failure) {
        let parts = text.split(separator: "?", maxSplits: 1)
        var properties: [String: String] = [:]
        for pair in parts.dropFirst().joined().split(separator: "&") {
            let words = pair.split(separator: "=", maxSplits: 1).map { $0.removingPercentEncoding }
            guard words.count == 2, let key = words[0], let value = words[1] else {
                throw Failure(
                    .invalid, "invalid_address", "events.kafka.brokers: a property is not key=value")
            }
            properties[key] = value
        }
        guard let brokers = parts.first, !brokers.isEmpty else {
            throw Failure(.invalid, "invalid_address", "events.kafka.brokers names no broker")
        }
        self.brokers = String(brokers)
        self.properties = properties
    }
}
