import CProduce
import Foundation
import Kafka
import Kernel

/// Events that the broker has acknowledged: through the product's log, as the relay appends them, against a loop in C
/// over the same library with the same settings and records of the same shape.
struct EventAppends: Scenario {
    let name = "kafka"
    let servers: StageServers
    let duration: Duration

    /// The relay's batch, in `profiles/series-a.yaml`.
    private static let batch = 256
    private static let tasks = 48, partitions = 12
    private static let ours = "event log", reference = "C over librdkafka"

    var arms: [Arm] {
        [Arm(name: Self.ours, run: append), Arm(name: Self.reference, run: produce)]
    }

    let rows: [Row] = [
        Row(
            id: "kafka.append", title: "acknowledged events of 100 bytes: event log / C loop",
            value: .ratio(ours, reference, .rate)),
        Row(
            id: "kafka.rate", title: "acknowledged events of 100 bytes",
            value: .absolute(.init(arm: ours, measure: .rate), .perSecond)),
    ]

    func prepare() async throws {
        let version = Self.libraryVersion.split(separator: ".").compactMap { Int($0.prefix { $0.isNumber }) }
        guard version.count > 1, (version[0], version[1]) >= Self.oldest
        else {
            throw RunFailure(
                "librdkafka \(Self.libraryVersion) does not understand the broker: scripts/bench-series-a "
                    + "sets LD_LIBRARY_PATH to a newer one")
        }
    }

    private static let oldest = (2, 4)

    static var libraryVersion: String { String(cString: cproduce_version()) }

    private func settings(_ topic: String) -> KafkaSettings {
        var settings = KafkaSettings(brokers: servers.brokers, topic: topic, partitions: Self.partitions)
        settings.replicationFactor = 1
        settings.minimumInSyncReplicas = 1
        return settings
    }

    private func append() async throws -> Reading {
        let log = try KafkaEventLog(settings: settings("bench.ours"), logger: StageServers.logger)
        do {
            try await log.prepare()
            let batches = (0..<Self.tasks).map { _ in Self.events() }
            let load = TaskLoad(tasks: Self.tasks, duration: duration)
            let rate = try await load.rate { random in
                try await log.append(batches[Int(random.next() % UInt64(Self.tasks))])
            }
            await log.close()
            return [.rate: rate * Double(Self.batch)]
        } catch {
            await log.close()
            throw error
        }
    }

    /// Of a few tenants, each about something else, so that they spread over the partitions.
    private static func events() -> [Event] {
        let tenants = (0..<8).map { _ in TenantID() }
        return (0..<batch).map { index in
            Event(
                type: "bench.measured", version: 1, tenant: tenants[index % tenants.count],
                key: UUIDv7().description, data: [UInt8](repeating: 0x76, count: 100))
        }
    }

    /// Its header names and the lengths of its values, taken from an event as the product writes it.
    private static let headers: [(name: String, bytes: Int)] = [
        ("ce_specversion", 3), ("ce_id", 36), ("ce_source", 12), ("ce_type", 14), ("ce_time", 24),
        ("ce_subject", 36), ("ce_tenant", 36), ("ce_dataversion", 1), ("content-type", 16),
    ]

    private func produce() async throws -> Reading {
        let topic = "bench.reference"
        let log = try KafkaEventLog(settings: settings(topic), logger: StageServers.logger)
        try await log.prepare()
        await log.close()
        let (brokers, seconds) = (servers.brokers, duration / .seconds(1))
        let outcome = try await onThread { try Self.run(brokers, topic, seconds) }
        return [.rate: Double(outcome.acknowledged) / outcome.seconds]
    }

    private static func run(_ brokers: String, _ topic: String, _ seconds: Double) throws -> cproduce_outcome
    {
        let names = headers.map { strdup($0.name) }
        defer { for name in names { free(name) } }
        let pointers = names.map { UnsafePointer<CChar>($0) }
        let outcome = brokers.withCString { brokers in
            topic.withCString { topic in
                pointers.withUnsafeBufferPointer { names in
                    headers.map(\.bytes).withUnsafeBufferPointer { sizes in
                        var plan = cproduce_plan()
                        plan.brokers = brokers
                        plan.topic = topic
                        plan.partitions = Int32(partitions)
                        plan.seconds = seconds
                        plan.window = 90_000
                        plan.value_bytes = 100
                        plan.key_bytes = 73
                        plan.header_count = Int32(headers.count)
                        plan.unique_header = 1
                        plan.header_names = names.baseAddress
                        plan.header_bytes = sizes.baseAddress
                        return cproduce_run(&plan)
                    }
                }
            }
        }
        let reason = withUnsafeBytes(of: outcome.error) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        guard reason.isEmpty, outcome.failed == 0, outcome.acknowledged > 0 else {
            throw RunFailure("the C loop: \(outcome.failed) records failed; \(reason)")
        }
        return outcome
    }
}
