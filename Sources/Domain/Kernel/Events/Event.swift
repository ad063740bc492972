package import Foundation

/// A fact that happened in one tenant, in the CloudEvents 1.0 envelope.
package struct Event: Sendable, Equatable {
    package let id: EventID
    /// Such as `video.uploaded`.
    package let type: String
    /// Of the schema of `data`; from 1.
    package let version: Int
    package let tenant: TenantID
    /// What it happened to; events of one key keep their order.
    package let key: String
    package let time: Timestamp
    /// JSON object by the schema of `type` and `version`.
    package let data: [UInt8]
    package let traceParent: String?

    package init(
        id: EventID = EventID(), type: String, version: Int, tenant: TenantID, key: String,
        time: Timestamp = .now(), data: [UInt8], traceParent: String? = nil
    ) {
        self.id = id
        self.type = type
        self.version = version
        self.tenant = tenant
        self.key = key
        self.time = time
        self.data = data
        self.traceParent = traceParent
    }

    /// The event that `payload` tells about `key`.
    package init(
        _ payload: some EventPayload, tenant: TenantID, key: String, time: Timestamp = .now(),
        traceParent: String? = nil
    ) throws {
        let type = Swift.type(of: payload)
        self.init(
            type: type.type, version: type.version, tenant: tenant, key: key, time: time,
            data: [UInt8](try JSONEncoder.sorted.encode(payload)), traceParent: traceParent)
    }

    /// The payload in its newest form, upcast from whatever version was stored.
    package func payload<Payload: EventPayload>(_ payload: Payload.Type) throws -> Payload {
        guard type == Payload.type else {
            throw Failure(.internal, "event_type", "\(type) is not \(Payload.type)")
        }
        guard version <= Payload.version else {
            throw Failure(
                .internal, "event_version", "\(type) version \(version) is newer than this program knows")
        }
        return try Payload.decode(data, version: version)
    }
}

/// The data of one type of event, in its newest version.
package protocol EventPayload: Codable, Sendable {
    static var type: String { get }
    static var version: Int { get }
    /// Reads any version up to `version`; older ones are upcast.
    static func decode(_ data: [UInt8], version: Int) throws -> Self
}

extension EventPayload {
    package static func decode(_ data: [UInt8], version: Int) throws -> Self {
        try JSONDecoder().decode(Self.self, from: Data(data))
    }
}

extension JSONEncoder {
    /// The same value always gives the same bytes.
    package static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
