import Kernel

/// An event as a record: CloudEvents 1.0 in the binary mode of its Kafka binding.
///
/// The value is the data. The key is `TENANT/KEY`, and attributes are headers: `ce_id`, `ce_type`, `ce_time`, `ce_subject`
/// (the event's key), `ce_source`, the extensions `ce_tenant` and `ce_dataversion`, and W3C `traceparent`.
struct EventRecord: Sendable, Equatable {
    struct Header: Sendable, Equatable {
        let name: StaticName
        let value: [UInt8]
    }

    /// The names of all headers; each has no other.
    enum StaticName: String, Sendable, CaseIterable {
        case specVersion = "ce_specversion"
        case id = "ce_id"
        case source = "ce_source"
        case type = "ce_type"
        case time = "ce_time"
        case subject = "ce_subject"
        case tenant = "ce_tenant"
        case version = "ce_dataversion"
        case contentType = "content-type"
        case traceParent = "traceparent"
        // Of dead letters.
        case group = "cloudstream-group"
        case reason = "cloudstream-reason"
        case attempts = "cloudstream-attempts"
        case failedAt = "cloudstream-failed-at"
    }

    static let source = "/cloudstream"

    var key: [UInt8]
    var value: [UInt8]
    var headers: [Header]

    init(key: [UInt8], value: [UInt8], headers: [Header]) {
        self.key = key
        self.value = value
        self.headers = headers
    }

    init(_ event: Event) {
        let tenant = event.tenant.description
        key = Array((tenant + "/" + event.key).utf8)
        value = event.data
        headers = [
            Header(.specVersion, "1.0"), Header(.id, event.id.description), Header(.source, Self.source),
            Header(.type, event.type), Header(.time, event.time.description), Header(.subject, event.key),
            Header(.tenant, tenant), Header(.version, String(event.version)),
            Header(.contentType, "application/json"),
        ]
        if let traceParent = event.traceParent { headers.append(Header(.traceParent, traceParent)) }
    }

    /// What it takes in the producer's memory, about.
    var bytes: Int { headers.reduce(key.count + value.count) { $0 + $1.value.count + 24 } }
}

extension EventRecord.Header {
    init(_ name: EventRecord.StaticName, _ value: String) { self.init(name: name, value: Array(value.utf8)) }
}

extension Event {
    /// Throws `invalid` (code `not_an_event`) if a header is missing or not what it should be.
    init(_ record: EventRecord) throws {
        func text(_ name: EventRecord.StaticName) throws -> String {
            guard let header = record.headers.first(where: { $0.name == name }) else {
                throw Failure(.invalid, "not_an_event", "The record has no header \(name.rawValue).")
            }
            return String(decoding: header.value, as: UTF8.self)
        }
        func value<Value>(_ name: EventRecord.StaticName, _ parse: (String) -> Value?) throws -> Value {
            guard let value = parse(try text(name)) else {
                throw Failure(
                    .invalid, "not_an_event", "The record's header \(name.rawValue) cannot be read.")
            }
            return value
        }
        self.init(
            id: try value(.id) { EventID($0) }, type: try text(.type),
            version: try value(.version) { Int($0) },
            tenant: try value(.tenant) { TenantID($0) }, key: try text(.subject),
            time: try value(.time) { Timestamp(rfc3339: $0) }, data: record.value,
            traceParent: record.headers.first { $0.name == .traceParent }
                .map { String(decoding: $0.value, as: UTF8.self) })
    }
}

extension Timestamp {
    /// Reads what `description` writes: `2026-01-02T03:04:05.678Z`.
    init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 24 else { return nil }
        for (index, mark) in zip([4, 7, 10, 13, 16, 19, 23], "--T::.Z".utf8) where bytes[index] != mark {
            return nil
        }
        func number(_ range: Range<Int>) -> Int64? {
            bytes[range].reduce(Optional(0)) { sum, byte in
                guard let sum, (48...57).contains(byte) else { return nil }
                return sum * 10 + Int64(byte - 48)
            }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            let fraction = number(20..<23), (1...12).contains(month), (1...31).contains(day), hour < 24,
            minute < 60, second < 60
        else { return nil }
        let time = ((Self.days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
        self.init(milliseconds: time * 1000 + fraction)
    }

    /// Since 1970, of a date of the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
