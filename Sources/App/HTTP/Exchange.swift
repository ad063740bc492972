import Foundation
import HTTPTypes
import Hummingbird
import Identity
import Kernel
import NIOCore

/// A request on its way through a route: typed access to what it carries.
struct Exchange: Sendable {
    let request: Request
    let context: APIContext
    let limits: Limits

    struct Limits: Sendable {
        let maximumBodyBytes: Int
        /// Makes a digest of a request's body that tells nothing about it.
        let digest: @Sendable ([UInt8]) -> String
    }

    /// The verified identity; routes that are `authenticated` have one. Asked for behind `input`, it is as of then.
    var identity: VerifiedIdentity {
        get throws {
            guard let identity = context.identity else { throw Authenticator.missingToken }
            return identity
        }
    }

    var caller: Caller { get throws { try identity.caller } }

    func id<Subject>(_ name: String = "id", _ what: String) throws -> Identifier<Subject> {
        // An id that is none names nothing: not found, as any other that is unknown.
        guard let text = context.parameters.get(name), let id = Identifier<Subject>(text) else {
            throw Failure.notFound(what)
        }
        return id
    }

    /// The rest of the path behind `{path+}`.
    var trailingPath: String { context.parameters.getCatchAll().joined(separator: "/") }

    func query(_ name: String) -> String? { request.uri.queryParameters[Substring(name)].map(String.init) }

    var page: PageRequest {
        get throws {
            let limit = try limit
            let order = try order
            guard let cursor = query("cursor") else { return PageRequest(limit: limit, order: order) }
            guard let after = UUIDv7(cursor) else {
                throw Failure.invalid("cursor", "invalid", "This cursor is not one of ours.")
            }
            return PageRequest(limit: limit, after: after, order: order)
        }
    }

    /// 20 unless told otherwise.
    var limit: Int {
        get throws {
            guard let text = query("limit") else { return 20 }
            guard let number = Int(text), (1...PageRequest.maximumLimit).contains(number) else {
                throw Failure.invalid(
                    "limit", "out_of_range", "A limit is a number from 1 to \(PageRequest.maximumLimit).")
            }
            return number
        }
    }

    /// `sort=-createdAt` (newest first, unless told otherwise) or `sort=createdAt`.
    private var order: PageRequest.Order {
        get throws {
            switch query("sort") {
            case nil, "-createdAt": .newestFirst
            case "createdAt": .oldestFirst
            default: throw Failure.invalid("sort", "unknown", "Sort by createdAt or -createdAt.")
            }
        }
    }

    /// A decoded body and the key that makes the request happen once.
    struct Input<Body: Sendable>: Sendable {
        let body: Body
        let once: OnceKey?
    }

    func input<Body: Decodable & Sendable>(_ type: Body.Type) async throws -> Input<Body> {
        guard let contentType = request.headers[.contentType], contentType.hasPrefix("application/json")
        else {
            throw Failure(.invalid, "unsupported_media_type", "Please send application/json.")
        }
        let bytes = try await collect()
        try await context.authority?.renew()
        do {
            return Input(body: try JSON.decode(type, bytes), once: try once(bytes))
        } catch let error as DecodingError {
            throw Self.failure(error)
        }
    }

    /// The once-key of a request without a body.
    func once() throws -> OnceKey? { try once([]) }

    private func collect() async throws -> [UInt8] {
        // Refused by what it says of itself, rather than waited for.
        if let said = request.headers[.contentLength].flatMap(Int.init), said > limits.maximumBodyBytes {
            throw tooLarge
        }
        do {
            var buffer = try await request.body.collect(upTo: limits.maximumBodyBytes)
            return buffer.readBytes(length: buffer.readableBytes) ?? []
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }

    private var tooLarge: Failure {
        Failure(
            .tooLarge, "payload_too_large", "A request body has at most \(limits.maximumBodyBytes) bytes.")
    }

    private func once(_ body: [UInt8]) throws -> OnceKey? {
        guard let key = request.headers[.idempotencyKey] else { return nil }
        guard (1...128).contains(key.utf8.count) else {
            throw Failure.invalid("Idempotency-Key", "invalid", "An idempotency key has 1 to 128 characters.")
        }
        let user = context.identity?.caller.user.description ?? "-"
        return OnceKey(
            scope: "\(user) \(request.method) \(request.uri.path)", key: key, digest: limits.digest(body),
            keeper: context.identity == nil ? .nobody : nil)
    }

    private static func failure(_ error: DecodingError) -> Failure {
        func name(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        return switch error {
        case .keyNotFound(let key, let context):
            .invalid(name(context.codingPath + [key]), "required", "\"\(key.stringValue)\" is missing.")
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            .invalid(
                name(context.codingPath), "wrong_type",
                "\"\(name(context.codingPath))\" has the wrong type or is missing.")
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            .invalid(name(context.codingPath), "invalid", "\"\(name(context.codingPath))\" is not valid.")
        default:
            Failure(.invalid, "invalid_request", "The body is not valid JSON.")
        }
    }
}

extension HTTPField.Name {
    // Literals of a valid form: the initialiser fails for invalid ones only.
    static let idempotencyKey = Self("Idempotency-Key")!
    static let requestID = Self("X-Request-Id")!
    static let traceParent = Self("traceparent")!
}
