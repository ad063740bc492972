import HTTPTypes
import Hummingbird
import Identity
import Kernel

/// One address of the API: what it answers to, who may call it, and how.
struct Route: Sendable {
    enum Access: Sendable {
        /// Anybody.
        case open
        /// Whoever holds a valid access token; the use case asks the policy.
        case authenticated
    }

    let method: HTTPRequest.Method
    /// Template such as `/v1/videos/{id}`; `{path+}` at the end takes the rest.
    let path: String
    let access: Access
    /// Streams have no deadline of their own; they end with the connection or when the server drains.
    let isStream: Bool
    let handler: @Sendable (Exchange) async throws -> Response

    init(
        _ method: HTTPRequest.Method, _ path: String, access: Access = .authenticated, isStream: Bool = false,
        handler: @escaping @Sendable (Exchange) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.isStream = isStream
        self.handler = handler
    }

    /// The template in the router's notation.
    var routerPath: RouterPath { RouterPath(path.replacing("{path+}", with: "**")) }
}
