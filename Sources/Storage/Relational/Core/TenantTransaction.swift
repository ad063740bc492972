private import Foundation
package import Kernel

/// One write of one tenant, on the thread that runs it.
package final class TenantTransaction {
    private let connection: any SQLConnection
    package let context: WriteContext
    package let time: Timestamp
    private(set) var hasPublished = false

    init(connection: any SQLConnection, context: WriteContext, time: Timestamp) {
        self.connection = connection
        self.context = context
        self.time = time
    }

    /// The tenant's rows.
    package var rows: TenantWriter { TenantWriter(connection: connection, scope: context.tenant) }

    /// Tables across tenants, such as the directory of log-ins.
    package var system: SystemWriter { SystemWriter(connection: connection, scope: ()) }

    /// Puts an event in the outbox, to be told after this commits and only then. It carries on `traceParent`, or that of
    /// the write.
    package func publish(_ payload: some EventPayload, key: String, traceParent: String? = nil) throws {
        let event = try Event(
            payload, tenant: context.tenant, key: key, time: time,
            traceParent: traceParent ?? context.traceParent)
        try Outbox.insert(event, system)
        hasPublished = true
    }

    func result<Value: Decodable>(of once: OnceKey) throws -> Value? {
        let stored = try withRecords(of: once) { records in
            try records.reader.first(
                "digest, result", from: .applied, where: "scope = \(once.scope) AND key = \(once.key)"
            ) { (digest: try $0.next(String.self), result: try $0.next([UInt8].self)) }
        }
        guard let stored else { return nil }
        guard stored.digest == once.digest else {
            throw Failure.conflict(
                "idempotency_key_reused", "This idempotency key was used for a different request.")
        }
        return try JSONDecoder().decode(Value.self, from: Data(stored.result))
    }

    private func withRecords<Value>(of once: OnceKey, _ body: (TenantWriter) throws -> Value) throws -> Value
    {
        guard let keeper = once.keeper, keeper != context.tenant else { return try body(rows) }
        try connection.enter(keeper)
        let value = try body(TenantWriter(connection: connection, scope: keeper))
        try connection.enter(context.tenant)
        return value
    }

    /// Makes room for the rows of the write's own tenant, which is new.
    func place(_ isolation: TenantPlacement.Isolation) throws {
        try connection.place(context.tenant, isolation)
    }

    func record(_ value: some Encodable, of once: OnceKey) throws {
        let result = [UInt8](try JSONEncoder().encode(value))
        try withRecords(of: once) { records in
            try records.insert(
                into: .applied,
                [
                    "scope": once.scope, "key": once.key, "digest": once.digest, "result": result,
                    "created_at": time,
                ])
        }
    }
}

extension TenantTable {
    /// What was done once, by idempotency key or by consumed event, with its answer.
    static let applied = TenantTable("applied")
}
