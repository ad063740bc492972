import Kernel
import NIOCore

/// What a store answered instead of what was asked for.
struct S3Error: Error, Sendable, CustomStringConvertible {
    let status: Int
    /// The code of the answer's document; without one, what the status says.
    let code: String
    let message: String
    let requestID: String
    let retryAfter: Duration?

    init(status: Int, body: ByteBuffer, requestID: String = "", retryAfter: Duration? = nil) {
        // An answer to HEAD has no document, and a proxy's is none of S3's: the status must do.
        let document = try? XMLElement(reading: body)
        let isError = document?.name == "Error"
        self.status = status
        code = (isError ? document?.text(of: "Code") : nil) ?? Self.code(of: status)
        message = (isError ? document?.text(of: "Message") : nil) ?? ""
        self.requestID = (isError ? document?.text(of: "RequestId") : nil) ?? requestID
        self.retryAfter = retryAfter
    }

    private static func code(of status: Int) -> String {
        switch status {
        case 403: "AccessDenied"
        case 404: "NotFound"
        case 405: "MethodNotAllowed"
        case 412: "PreconditionFailed"
        case 416: "InvalidRange"
        case 429: "TooManyRequests"
        case 503: "ServiceUnavailable"
        case 507: "InsufficientStorage"
        case 500...599: "InternalError"
        default: "Status\(status)"
        }
    }

    var description: String {
        "S3 answered \(status) \(code) \(message) (request \(requestID))" + (advice.map { ": \($0)" } ?? "")
    }

    /// Whether the same request may succeed when it is repeated.
    var isTransient: Bool {
        switch code {
        case "RequestTimeout", "RequestTimeoutException", "SlowDown", "BadDigest", "OperationAborted",
            "ServiceUnavailable", "InternalError":
            true
        default: status == 429 || (status >= 500 && status != 501 && status != 507)
        }
    }

    /// Whether the bucket, or the server, does not know what was asked for.
    var isUnsupported: Bool {
        ["NotImplemented", "MethodNotAllowed", "NotSupported", "XNotImplemented"].contains(code)
            || status == 501 || status == 405
    }

    var isAbsent: Bool { ["NoSuchKey", "NotFound", "NoSuchUpload"].contains(code) }

    private var advice: String? {
        switch code {
        case "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken":
            "check credentials"
        case "RequestTimeTooSkewed", "RequestExpired": "check the clock of this machine"
        case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed":
            "check endpoint and region"
        case "NoSuchBucket": "check the bucket's name"
        default: nil
        }
    }

    /// The failure in the words of the port.
    var failure: Failure {
        switch code {
        case "SlowDown", "TooManyRequests", "OperationAborted": overloaded
        case "ServiceUnavailable", "InternalError", "BadDigest", "RequestTimeout": unavailable
        case "InvalidRange":
            Failure(.invalid, "invalid_range", "The object has not so many bytes.", cause: self)
        case "NoSuchKey", "NoSuchUpload":
            Failure(.notFound, "not_found", "There is no such object.", cause: self)
        case "EntityTooLarge":
            Failure(.tooLarge, "too_large", "This is more than can be stored.", cause: self)
        case "QuotaExceeded", "InsufficientStorage", "EntityTooManyKeys": diskFull
        default:
            if status == 507 {
                diskFull
            } else if status == 429 {
                overloaded
            } else if isTransient {
                unavailable
            } else {
                .wrapping(self)
            }
        }
    }

    private var overloaded: Failure {
        var failure = Failure(
            .overloaded, "overloaded", "The object store is busy; try again soon.", cause: self)
        failure.retryAfter = retryAfter ?? .seconds(1)
        return failure
    }

    private var unavailable: Failure {
        var failure = Failure.unavailable("The object store", cause: self)
        failure.retryAfter = retryAfter
        return failure
    }

    private var diskFull: Failure {
        Failure(.unavailable, "disk_full", "There is no space left to store this.", cause: self)
    }
}

extension Failure {
    /// What the store answered, where that is the cause.
    var answered: S3Error? { cause as? S3Error }
}
