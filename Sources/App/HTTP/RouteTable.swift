import HTTPTypes
import Hummingbird
import Kernel
import Logging
import Resilience

/// All routes of a process, and how each is entered.
struct RouteTable: Sendable {
    let routes: [Route]
    let authenticator: Authenticator
    let readYourWrites: ReadYourWrites
    let limits: Exchange.Limits
    let deadline: Duration

    func router(_ gateway: Gateway) -> Router<APIContext> {
        let router = Router(context: APIContext.self)
        router.addMiddleware { gateway }
        for route in routes {
            router.on(route.routerPath, method: route.method) { request, context in
                try await enter(route, request, context)
            }
        }
        answerHeads(router)
        refuseOtherMethods(router)
        return router
    }

    /// HEAD wherever there is GET (RFC 9110), but for streams, which say for themselves.
    private func answerHeads(_ router: Router<APIContext>) {
        for route in routes where route.method == .get && !route.isStream {
            router.on(route.routerPath, method: .head) { request, context in
                try await enter(route, request, context)
            }
        }
    }

    /// 405 with `Allow` where a path exists and the method does not.
    private func refuseOtherMethods(_ router: Router<APIContext>) {
        let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete]
        for (path, known) in Dictionary(grouping: routes, by: \.path) {
            let hasHead = known.contains { $0.method == .get && !$0.isStream }
            let allowed = known.map(\.method) + (hasHead ? [.head] : [])
            for method in methods where !allowed.contains(method) {
                router.on(known[0].routerPath, method: method) { _, context in
                    let failure = Failure(
                        .invalid, "method_not_allowed", "\(path) does not answer to \(method).")
                    var response = Problem.response(failure, requestID: context.requestID)
                    response.headers[.allow] = allowed.map(\.rawValue).sorted().joined(separator: ", ")
                    return response
                }
            }
        }
    }

    private func enter(_ route: Route, _ request: Request, _ context: APIContext) async throws -> Response {
        var context = context
        if route.access == .authenticated {
            let (token, trace) = (request.headers[.authorization], context.trace.text)
            let authority = try await Authority {
                var identity = try await authenticator.authenticate(token)
                identity.caller.traceParent = trace
                return identity
            }
            let caller = authority.identity.caller
            context.authority = authority
            context.subject.set(caller)
            context.logger[metadataKey: "tenant"] = "\(caller.tenant)"
            context.logger[metadataKey: "user"] = "\(caller.user)"
        }
        let exchange = Exchange(request: request, context: context, limits: limits)
        if route.isStream { return try await route.handler(exchange) }
        return try await readYourWrites.run(request, context) {
            try await withDeadline(deadline) { try await route.handler(exchange) }
        }
    }
}

/// What `body` gives, which is cancelled when it takes longer; `timeout` if it fails then.
func withDeadline<Value: Sendable>(
    _ deadline: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withDeadline(
        deadline,
        late: Failure(.timeout, "timeout", "This took too long; it may or may not have happened."), body)
}
