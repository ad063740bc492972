import HTTPTypes
import Hummingbird
import Kernel
import Logging
import ServiceLifecycle
import Synchronization
import Telemetry

/// The way into every route: request id, trace, load shedding, problem documents, headers, log line, metrics.
struct Gateway: RouterMiddleware {
    typealias Context = APIContext
    let metrics: MetricRegistry
    let inFlight: InFlight
    /// Other origins whose pages may call.
    let allowedOrigins: Set<String>
    let clientAddress: ClientAddress
    /// Nil where clients may call without a gateway between.
    let checkCaller: (@Sendable (_ serviceToken: String?) async throws -> Void)?

    func handle(
        _ request: Request, context: APIContext,
        next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var context = context
        context.requestID = UUIDv7().description
        context.remoteAddress = clientAddress.resolve(peer: context.remoteAddress, request.headers)
        if let header = request.headers[.traceParent], let trace = TraceParent(header: header) {
            context.trace = trace
        }
        // The framework's own id would be a second one.
        context.logger[metadataKey: "hb.request.id"] = nil
        context.logger[metadataKey: "requestId"] = "\(context.requestID)"
        context.logger[metadataKey: "traceId"] = "\(context.trace.traceID)"
        var response =
            if let allowed = preflight(request) { allowed } else { await answer(request, context, next) }
        allowOrigin(request, &response.headers)
        if request.method == .head { Self.dropBody(&response) }
        response.headers[.requestID] = context.requestID
        Self.secure(&response.headers)
        record(request, context, response.status, ContinuousClock.now - start)
        return response
    }

    private func answer(
        _ request: Request, _ context: APIContext,
        _ next: @concurrent (Request, APIContext) async throws -> Response
    ) async -> Response {
        guard inFlight.enter() else {
            return Problem.response(
                Failure(.overloaded, "overloaded", "The server is busy; try again soon."),
                requestID: context.requestID)
        }
        defer { inFlight.leave() }
        do {
            if let checkCaller, !Self.probes.contains(request.uri.path) {
                try await checkCaller(request.headers[.serviceToken])
            }
            return try await next(request, context)
        } catch {
            let failure = Problem.failure(error)
            if failure.kind == .internal {
                context.logger.error(
                    "request failed", metadata: ["code": "\(failure.code)", "cause": "\(failure)"])
            }
            return Problem.response(failure, requestID: context.requestID)
        }
    }

    /// Asked by balancers too, which have no token; they tell nothing but whether this process is well.
    private static let probes: Set = ["/livez", "/readyz"]

    /// HEAD has the head that GET would have, and never a body: what came behind it would pass for the next answer.
    private static func dropBody(_ response: inout Response) {
        let length = response.headers[.contentLength] ?? response.body.contentLength.map(String.init)
        response.body = ResponseBody()
        response.headers[.contentLength] = length
    }

    /// The answer to a browser that asks before it sends another origin's request.
    private func preflight(_ request: Request) -> Response? {
        guard request.method == .options, request.headers[.accessControlRequestMethod] != nil,
            let origin = request.headers[.origin], allowedOrigins.contains(origin)
        else { return nil }
        return Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: "GET, HEAD, POST, PUT, PATCH, DELETE",
                .accessControlAllowHeaders:
                    "Authorization, Content-Type, Consistency-Token, Idempotency-Key, traceparent",
                .accessControlMaxAge: "600",
            ])
    }

    /// Playback allows everybody by itself: its addresses are signed.
    private func allowOrigin(_ request: Request, _ headers: inout HTTPFields) {
        guard let origin = request.headers[.origin], allowedOrigins.contains(origin),
            headers[.accessControlAllowOrigin] == nil
        else { return }
        headers[.accessControlAllowOrigin] = origin
        headers[.accessControlExposeHeaders] = "Consistency-Token, ETag, Location, Retry-After, X-Request-Id"
        headers[.vary] = "Origin"
    }

    /// Of every answer; pages add their own policy for content.
    private static func secure(_ headers: inout HTTPFields) {
        headers[.xContentTypeOptions] = "nosniff"
        headers[.strictReferrerPolicy] = "no-referrer"
    }

    /// The template, never the path: paths hold ids and signatures.
    private func record(
        _ request: Request, _ context: APIContext, _ status: HTTPResponse.Status, _ span: Duration
    ) {
        let route = context.endpointPath?.replacing("**", with: "{path}") ?? "unmatched"
        let method = request.method.rawValue
        metrics.add(
            to: "http_requests_total", help: "Requests by route and status.",
            labels: ["method": method, "route": route, "status": String(status.code)])
        metrics.observe(
            span.inSeconds, in: "http_request_seconds", help: "Time until the answer's head, by route.",
            labels: ["method": method, "route": route])
        var metadata: Logger.Metadata = [
            "method": "\(method)", "route": "\(route)", "status": "\(status.code)",
            "milliseconds": "\(span.inMilliseconds)",
        ]
        if let caller = context.subject.current {
            metadata["tenant"] = "\(caller.tenant)"
            metadata["user"] = "\(caller.user)"
        }
        context.logger.info("request", metadata: metadata)
    }
}

/// Counts requests that are being answered, up to a bound.
final class InFlight: Sendable {
    private let limit: Int
    private let count = Atomic(0)

    init(limit: Int) { self.limit = limit }

    func enter() -> Bool {
        guard count.add(1, ordering: .relaxed).newValue <= limit else {
            count.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    func leave() { count.subtract(1, ordering: .relaxed) }

    var current: Int { count.load(ordering: .relaxed) }
}

extension HTTPField.Name {
    // Literals of a valid form: the initialiser fails for invalid ones only.
    static let strictReferrerPolicy = Self("Referrer-Policy")!
    static let serviceToken = Self("X-Service-Token")!
}
