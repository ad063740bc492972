import Kernel
import NIOHTTP1

/// By which a request is found again in logs and traces: the client's own where they are well-formed, else new.
struct RequestIDs: Sendable, Equatable {
    let request: String
    /// W3C `traceparent`.
    let trace: String

    init(_ headers: HTTPHeaders) {
        let given = headers.first(name: "x-request-id")
        request = given.flatMap { Self.isPlain($0) ? $0 : nil } ?? UUIDv7().description
        let parent = headers.first(name: "traceparent")
        trace = parent.flatMap { Self.isTraceParent($0) ? $0 : nil } ?? Self.newTrace()
    }

    private static func isPlain(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "/"):
                    true
                default: false
                }
            }
    }

    private static func isTraceParent(_ text: String) -> Bool {
        guard text.utf8.count == 55, text.hasPrefix("00-") else { return false }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [2, 32, 16, 2]
            && parts.allSatisfy { part in
                part.utf8.allSatisfy {
                    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
                }
            } && parts[1].contains { $0 != "0" } && parts[2].contains { $0 != "0" }
    }

    private static func newTrace() -> String {
        let (high, low, span) = (
            UInt64.random(in: 1 ... .max), UInt64.random(in: 1 ... .max), UInt64.random(in: 1 ... .max)
        )
        return "00-\(hex(high))\(hex(low))-\(hex(span))-01"
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
