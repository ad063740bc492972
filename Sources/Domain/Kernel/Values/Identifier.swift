/// A UUIDv7 that knows what it names, so that a tenant's id never passes for a video's.
package struct Identifier<Subject>: Hashable, Sendable {
    package let uuid: UUIDv7

    package init(_ uuid: UUIDv7) { self.uuid = uuid }

    /// A new identifier.
    package init() { uuid = UUIDv7() }
}

extension Identifier: CustomStringConvertible, LosslessStringConvertible {
    package var description: String { uuid.description }

    package init?(_ text: String) {
        guard let uuid = UUIDv7(text) else { return nil }
        self.uuid = uuid
    }
}

extension Identifier: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a UUID")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

package enum TenantSubject {}
package enum UserSubject {}
package enum EventSubject {}
package enum JobSubject {}
package typealias TenantID = Identifier<TenantSubject>
package typealias UserID = Identifier<UserSubject>
package typealias EventID = Identifier<EventSubject>
package typealias JobID = Identifier<JobSubject>

extension Identifier<TenantSubject> {
    /// Stands for everybody who is not in a tenant yet.
    package static var nobody: TenantID { TenantID(UUIDv7(high: 0, low: 0)) }
}
