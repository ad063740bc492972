import Hummingbird
import Identity
import Kernel
import Logging
import NIOCore
import Synchronization

/// What is known of one request, from its first middleware to its handler.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// With the ids that every line of this request bears.
    var logger: Logger
    /// Also in the answer's `X-Request-Id`.
    var requestID = ""
    var trace = TraceParent()
    /// Set by the route table once the token was verified.
    var authority: Authority?
    /// As of now: behind a body it is another than before, or was ended.
    var identity: VerifiedIdentity? { authority?.identity }
    /// Shared by all copies of the context, so that the gateway learns who it was.
    let subject = RequestSubject()
    /// The peer's, or the client's behind a trusted proxy once the gateway has looked.
    var remoteAddress: String

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        logger = source.logger
        remoteAddress = source.channel.remoteAddress?.ipAddress ?? "unknown"
    }
}

/// A caller whose token, session and tenant have been checked.
struct VerifiedIdentity: Sendable {
    let claims: AccessClaims
    var caller: Caller
    let placement: TenantPlacement
}

/// Who a request turned out to come from, told from the inside of a route to the gateway around it.
final class RequestSubject: Sendable {
    private let caller = Mutex<Caller?>(nil)

    func set(_ caller: Caller) { self.caller.withLock { $0 = caller } }
    var current: Caller? { caller.withLock { $0 } }
}

/// W3C trace context, level 1: taken from the request or begun here.
struct TraceParent: Sendable, Equatable {
    let traceID: String
    let text: String

    init() {
        let trace = UUIDv7()
        traceID = Self.hex(trace.high) + Self.hex(trace.low)
        text = "00-\(traceID)-\(Self.hex(UInt64.random(in: 1 ... .max)))-01"
    }

    /// Nil unless `header` is well formed; a malformed one is replaced, as the standard says.
    init?(header: String) {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        func isHex(_ part: Substring, _ count: Int) -> Bool {
            part.utf8.count == count && part.allSatisfy { $0.isHexDigit && !$0.isUppercase }
        }
        guard parts.count == 4, parts[0] == "00", isHex(parts[1], 32), isHex(parts[2], 16),
            isHex(parts[3], 2),
            parts[1].contains(where: { $0 != "0" })
        else { return nil }
        traceID = String(parts[1])
        text = "00-\(parts[1])-\(Self.hex(UInt64.random(in: 1 ... .max)))-\(parts[3])"
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
