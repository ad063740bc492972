import AsyncHTTPClient
import Kernel
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// Signs requests, sends them over pooled connections, and repeats those that may be repeated.
///
/// All it throws is `Failure`; what the store answered is the cause (`Failure.answered`).
struct S3Client: Sendable {
    /// An answer with its whole body.
    struct Reply: Sendable {
        let headers: HTTPHeaders
        let body: ByteBuffer

        /// `unavailable` if it is none: something else than a store has answered.
        func document() throws(Failure) -> XMLElement {
            do { return try XMLElement(reading: body) } catch {
                throw .unavailable("The object store", cause: error)
            }
        }
    }

    /// An answer whose body is still to be read.
    struct Download: Sendable {
        let headers: HTTPHeaders
        let body: HTTPClientResponse.Body
        let permit: TransferLimit.Permit
    }

    /// Documents are small, and a thousand keys at most.
    private static let maximumDocument = 4 << 20
    /// Bytes a second; a body may take as long as it takes at this rate.
    private static let leastRate: Int64 = 64 << 10

    let http: HTTPClient
    let endpoint: S3Endpoint
    let signature: SignatureV4
    let limit: TransferLimit
    let attempts: Int
    let requestDeadline: Duration
    let backoff = Backoff(first: .milliseconds(100), maximum: .seconds(3))
    let now: @Sendable () -> Timestamp
    let logger: Logger

    func call(_ request: S3Request) async throws(Failure) -> Reply {
        try await repeating(request) { () async throws(Failure) in
            let permit = try limit.take()
            defer { withExtendedLifetime(permit) {} }
            let response = try await send(request)
            return Reply(headers: response.headers, body: try await Self.collected(response.body))
        }
    }

    func open(_ request: S3Request) async throws(Failure) -> Download {
        try await repeating(request) { () async throws(Failure) in
            let permit = try limit.take()
            let response = try await send(request)
            return Download(headers: response.headers, body: response.body, permit: permit)
        }
    }

    /// Begins no further attempt when `requestDeadline` has passed.
    private func repeating<Result>(
        _ request: S3Request, _ attempt: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let start = ContinuousClock.now
        var number = 1
        while true {
            do throws(Failure) {
                return try await attempt()
            } catch {
                let mayRepeat = request.repetition == .harmless || Self.wasRefused(error)
                guard mayRepeat, error.isTransient, error.answered?.isTransient ?? true, number < attempts,
                    ContinuousClock.now - start < requestDeadline
                else { throw error }
                logger.debug(
                    "object store call is repeated",
                    metadata: ["method": "\(request.method)", "attempt": "\(number)", "error": "\(error)"])
                try await pause(afterAttempt: number, atLeast: error.answered?.retryAfter)
                number += 1
            }
        }
    }

    func pause(afterAttempt number: Int, atLeast least: Duration? = nil) async throws(Failure) {
        let delay = max(backoff.delay(afterAttempt: number), min(least ?? .zero, backoff.maximum))
        do { try await Task.sleep(for: delay) } catch { throw .wrapping(error) }
    }

    /// Whether the store has surely not begun to do it.
    private static func wasRefused(_ failure: Failure) -> Bool {
        if let answer = failure.answered { return answer.status == 503 || answer.status == 429 }
        if let error = failure.cause as? HTTPClientError { return error == .connectTimeout }
        return failure.cause is NIOConnectionError || failure.cause == nil
    }

    /// One attempt; answers other than success are failures.
    private func send(_ request: S3Request) async throws(Failure) -> HTTPClientResponse {
        if Task.isCancelled { throw .wrapping(CancellationError()) }
        let wait = requestDeadline + .seconds(request.bodyBytes / Self.leastRate)
        do {
            let response = try await http.execute(
                signed(request), deadline: .now() + .milliseconds(wait.inMilliseconds))
            guard (200..<300).contains(response.status.code) else { throw await Self.failure(response) }
            return response
        } catch {
            throw Self.failure(error)
        }
    }

    private func signed(_ request: S3Request) -> HTTPClientRequest {
        let path = endpoint.path(of: request.key)
        var headers = request.headers + [("Host", endpoint.authority)]
        if let digest = request.digest { headers.append(("Content-MD5", digest.md5)) }
        let payload = payload(of: request)
        headers += signature.headers(
            signing: SignatureV4.Request(
                method: request.method.rawValue, path: path, query: request.query, headers: headers,
                payload: payload), at: now())
        let query = SignatureV4.canonicalQuery(request.query)
        var message = HTTPClientRequest(url: endpoint.origin + path + (query.isEmpty ? "" : "?" + query))
        message.method = request.method
        message.headers = HTTPHeaders(headers)
        message.body = request.body.content
        return message
    }

    /// TLS keeps the body whole, and MD5 shows the store that it is; without TLS the signature covers the body too.
    private func payload(of request: S3Request) -> String {
        guard let digest = request.digest else { return SignatureV4.emptyPayload }
        return endpoint.isSecure ? SignatureV4.unsignedPayload : digest.sha256
    }
}

extension S3Client {
    private static func collected(_ body: HTTPClientResponse.Body) async throws(Failure) -> ByteBuffer {
        do { return try await body.collect(upTo: maximumDocument) } catch { throw failure(error) }
    }

    private static func failure(_ response: HTTPClientResponse) async -> Failure {
        let seconds = response.headers.first(name: "Retry-After").flatMap { Int($0) }
        // Without its document the status alone has to tell.
        let body = (try? await response.body.collect(upTo: maximumDocument)) ?? ByteBuffer()
        return S3Error(
            status: Int(response.status.code), body: body,
            requestID: response.headers.first(name: "x-amz-request-id") ?? "",
            retryAfter: seconds.map { .seconds(max(0, $0)) }
        ).failure
    }

    /// The failure that an error on the way is.
    static func failure(_ error: any Error) -> Failure {
        if let failure = error as? Failure { return failure }
        if Task.isCancelled || error is CancellationError { return .wrapping(CancellationError()) }
        switch error as? HTTPClientError {
        case .some(.deadlineExceeded), .some(.readTimeout), .some(.writeTimeout):
            return Failure(
                .timeout, "timeout", "The object store did not answer in time.", cause: error)
        case .some(.getConnectionFromPoolTimeout):
            return Failure(.overloaded, "overloaded", "Too many transfers are under way.", cause: error)
        default: return .unavailable("The object store", cause: error)
        }
    }
}
