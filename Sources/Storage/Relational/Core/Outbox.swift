package import Kernel

/// Events that were committed with their cause and wait to be told.
package struct Outbox: Sendable {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    /// The oldest `limit` events, in the order they were committed.
    package func oldest(_ limit: Int) async throws -> [LoggedEvent] {
        try await database.readSystem { reader in
            try reader.select(
                "position, " + EventColumns.names, from: .outbox, then: "ORDER BY position LIMIT \(limit)"
            ) { row in LoggedEvent(position: try row.next(), event: try EventColumns.read(&row)) }
        }
    }

    /// Forgets `events`, once told. Only these: where writers commit side by side, an event with a lower position
    /// may appear after those that were read.
    package func remove(_ events: [LoggedEvent]) async throws {
        let positions = events.map(\.position)
        try await database.writeSystem {
            _ = try $0.delete(from: .outbox, where: "position IN \(list: positions)")
        }
    }

    package func depth() async throws -> Int {
        try await database.readSystem { try $0.first("count(*)", from: .outbox) { try $0.next() } ?? 0 }
    }

    static func insert(_ event: Event, _ writer: SystemWriter) throws {
        try writer.insert(into: .outbox, EventColumns.row(event))
    }
}

/// How an event lies in the outbox, the log and the dead letters.
package enum EventColumns {
    package static let names = "event_id, type, version, tenant_id, event_key, time, data, trace_parent"

    package static func row(_ event: Event) -> KeyValuePairs<String, (any SQLColumn)?> {
        [
            "event_id": event.id, "type": event.type, "version": event.version, "tenant_id": event.tenant,
            "event_key": event.key, "time": event.time, "data": event.data, "trace_parent": event.traceParent,
        ]
    }

    package static func read(_ row: inout SQLRowReader) throws -> Event {
        Event(
            id: try row.next(), type: try row.next(), version: try row.next(), tenant: try row.next(),
            key: try row.next(), time: try row.next(), data: try row.next(),
            traceParent: try row.nextIfPresent())
    }
}

extension SystemTable {
    static let outbox = SystemTable("outbox")
}
