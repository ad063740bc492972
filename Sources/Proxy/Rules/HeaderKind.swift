/// Header fields that the gateway treats in its own way.
enum HeaderKind: Sendable, Equatable {
    case connection, keepAlive, proxyConnection, te, trailer, transferEncoding, upgrade, contentLength, host
    case expect, forwarded, forwardedFor, forwardedProto, forwardedHost, forwardedOther, requestID,
        traceParent, serviceToken
    case idempotencyKey, other

    init(_ name: String) {
        // Most names differ in length already, so that few are compared.
        self =
            switch name.utf8.count {
            case 2: Self.match(name, [("te", .te)])
            case 4: Self.match(name, [("host", .host)])
            case 6: Self.match(name, [("expect", .expect)])
            case 7: Self.match(name, [("upgrade", .upgrade), ("trailer", .trailer)])
            case 9: Self.match(name, [("forwarded", .forwarded), ("x-real-ip", .forwardedOther)])
            case 10: Self.match(name, [("connection", .connection), ("keep-alive", .keepAlive)])
            case 11: Self.match(name, [("traceparent", .traceParent)])
            case 12: Self.match(name, [("x-request-id", .requestID)])
            case 14: Self.match(name, [("content-length", .contentLength)])
            case 15:
                Self.match(
                    name,
                    [
                        ("x-forwarded-for", .forwardedFor), ("idempotency-key", .idempotencyKey),
                        ("x-service-token", .serviceToken),
                    ])
            case 16:
                Self.match(
                    name,
                    [
                        ("proxy-connection", .proxyConnection), ("x-forwarded-host", .forwardedHost),
                        ("x-forwarded-port", .forwardedOther),
                    ])
            case 17:
                Self.match(
                    name, [("transfer-encoding", .transferEncoding), ("x-forwarded-proto", .forwardedProto)])
            case 18:
                Self.match(
                    name, [("x-forwarded-server", .forwardedOther), ("x-forwarded-prefix", .forwardedOther)])
            default: .other
            }
    }

    private static func match(_ name: String, _ choices: [(StaticString, HeaderKind)]) -> HeaderKind {
        for (candidate, kind) in choices where isEqual(name, candidate) { return kind }
        return .other
    }

    /// Without regard to ASCII case; `lowercase` is of the same length.
    private static func isEqual(_ name: String, _ lowercase: StaticString) -> Bool {
        lowercase.withUTF8Buffer { bytes in
            for (index, byte) in name.utf8.enumerated() {
                let folded = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
                if folded != bytes[index] { return false }
            }
            return true
        }
    }
}
