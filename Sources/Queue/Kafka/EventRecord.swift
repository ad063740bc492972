import Kernel

/// An event as a record: CloudEvents 1.0 in the binary mode of its Kafka binding.
///
/// The value is the data. The key is `TENANT/KEY`, and attributes are headers: `ce_id`, `ce_type`, `ce_time`, `ce_subject`
/// (the event's key), `ce_source`, the extensions `ce_tenant` and `ce_dataversion`, and W3C `traceparent`.
struct EventRecord: Sendable, Equatable {
    struct Header: Sendable, Equatable {
        let name: HeaderName
        let value: [UInt8]
    }

    static let specVersion: StaticString = "1.0"
    static let source: StaticString = "/cloudstream"
    static let contentType: StaticString = "application/json"

    var key: [UInt8]
    var value: [UInt8]
    var headers: [Header]

    init(key: [UInt8], value: [UInt8], headers: [Header]) {
        self.key = key
        self.value = value
        self.headers = headers
    }

    init(_ event: Event, _ more: [Header] = []) {
        self.init(key: [], value: event.data, headers: [])
        event.withRecordKey { key = Array($0) }
        event.forEachHeader { headers.append(Header(name: $0, value: Array($1))) }
        headers += more
    }
}

/// The names of all headers; a record has none of them twice.
enum HeaderName: Sendable, CaseIterable {
    case specVersion, id, source, type, time, subject, tenant, version, contentType, traceParent
    // Of dead letters.
    case group, reason, attempts, failedAt

    var text: StaticString {
        switch self {
        case .specVersion: "ce_specversion"
        case .id: "ce_id"
        case .source: "ce_source"
        case .type: "ce_type"
        case .time: "ce_time"
        case .subject: "ce_subject"
        case .tenant: "ce_tenant"
        case .version: "ce_dataversion"
        case .contentType: "content-type"
        case .traceParent: "traceparent"
        case .group: "cloudstream-group"
        case .reason: "cloudstream-reason"
        case .attempts: "cloudstream-attempts"
        case .failedAt: "cloudstream-failed-at"
        }
    }

    static let byText = Dictionary(uniqueKeysWithValues: allCases.map { ("\($0.text)", $0) })
}

extension EventRecord.Header {
    init(_ name: HeaderName, _ value: String) { self.init(name: name, value: Array(value.utf8)) }
}

extension Event {
    /// Throws `invalid` (code `not_an_event`) if a header is missing or not what it should be.
    init(_ record: EventRecord) throws {
        func text(_ name: HeaderName) throws -> String {
            guard let header = record.headers.first(where: { $0.name == name }) else {
                throw Failure(.invalid, "not_an_event", "The record has no header \(name.text).")
            }
            return String(decoding: header.value, as: UTF8.self)
        }
        func value<Value>(_ name: HeaderName, _ parse: (String) -> Value?) throws -> Value {
            guard let value = parse(try text(name)) else {
                throw Failure(
                    .invalid, "not_an_event", "The record's header \(name.text) cannot be read.")
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
