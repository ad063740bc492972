import Crypto
import Foundation
import Kernel

/// AWS Signature Version 4: which requests the holder of a key has made, as headers or as a URL.
///
/// Pure: equal arguments give equal signatures. As S3 wants it, paths are encoded once and never normalised.
struct SignatureV4: Sendable {
    /// A request as it goes out: the signature covers all of it.
    struct Request: Sendable {
        var method: String
        /// Encoded, beginning with a slash.
        var path: String
        /// Not encoded; a name without value has an empty one.
        var query: [(String, String)] = []
        /// All that are signed, `host` among them; names in any case.
        var headers: [(String, String)]
        /// SHA-256 of the body in hexadecimal, or `unsignedPayload`.
        var payload: String
    }

    static let unsignedPayload = "UNSIGNED-PAYLOAD"
    /// SHA-256 of nothing.
    static let emptyPayload = SHA256.hash(data: [UInt8]()).hexadecimal
    /// The longest that a presigned URL may hold.
    static let maximumLifetime = Duration.seconds(604_800)

    private static let algorithm = "AWS4-HMAC-SHA256"

    let credentials: S3Credentials
    let region: String
    var service = "s3"

    /// The headers that sign `request` at `time`, to be sent along with those it has.
    func headers(signing request: Request, at time: Timestamp) -> [(String, String)] {
        var added = [("x-amz-date", Self.stamp(time)), ("x-amz-content-sha256", request.payload)]
        if let token = credentials.sessionToken { added.append(("x-amz-security-token", token)) }
        var request = request
        request.headers += added
        return added + [("Authorization", authorization(of: request, at: time))]
    }

    /// The value of `Authorization` for a request that has all its headers.
    func authorization(of request: Request, at time: Timestamp) -> String {
        let signed = Self.signedNames(request)
        return "\(Self.algorithm) Credential=\(credentials.accessKey)/\(scope(time)),"
            + "SignedHeaders=\(signed),Signature=\(signature(of: request, at: time))"
    }

    /// The query that makes `request` good for anybody from `time` for `lifetime`, at most `maximumLifetime`.
    func query(presigning request: Request, at time: Timestamp, lifetime: Duration) -> String {
        var request = request
        request.query += [
            ("X-Amz-Algorithm", Self.algorithm),
            ("X-Amz-Credential", "\(credentials.accessKey)/\(scope(time))"),
            ("X-Amz-Date", Self.stamp(time)),
            ("X-Amz-Expires", String(lifetime.components.seconds)),
            ("X-Amz-SignedHeaders", Self.signedNames(request)),
        ]
        if let token = credentials.sessionToken { request.query.append(("X-Amz-Security-Token", token)) }
        let signature = signature(of: request, at: time)
        return Self.canonicalQuery(request.query) + "&X-Amz-Signature=" + signature
    }

    private func signature(of request: Request, at time: Timestamp) -> String {
        let digest = SHA256.hash(data: Array(Self.canonical(request).utf8)).hexadecimal
        let text = [Self.algorithm, Self.stamp(time), scope(time), digest].joined(separator: "\n")
        return Self.code(text, key(on: Self.day(time))).hexadecimal
    }

    private func scope(_ time: Timestamp) -> String {
        "\(Self.day(time))/\(region)/\(service)/aws4_request"
    }

    private func key(on day: String) -> SymmetricKey {
        var key = SymmetricKey(data: Array("AWS4\(credentials.secretKey)".utf8))
        for step in [day, region, service, "aws4_request"] {
            key = SymmetricKey(data: Self.code(step, key))
        }
        return key
    }

    private static func code(_ text: String, _ key: SymmetricKey) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
    }
}

extension SignatureV4 {
    static func canonical(_ request: Request) -> String {
        let headers = canonicalHeaders(request).map { name, value in "\(name):\(value)\n" }.joined()
        let query = canonicalQuery(request.query)
        let lines = [request.method, request.path, query, headers, signedNames(request), request.payload]
        return lines.joined(separator: "\n")
    }

    /// By encoded name, then by encoded value.
    static func canonicalQuery(_ query: [(String, String)]) -> String {
        let pairs = query.map { name, value in (encoded(name), encoded(value)) }
        return pairs.sorted { $0 < $1 }.map { name, value in "\(name)=\(value)" }.joined(separator: "&")
    }

    /// One line a name: values of equal names joined in their order, runs of spaces as one.
    private static func canonicalHeaders(_ request: Request) -> [(String, String)] {
        Dictionary(grouping: request.headers) { $0.0.lowercased() }
            .map { name, fields in (name, fields.map { trimmed($0.1) }.joined(separator: ",")) }
            .sorted { $0.0 < $1.0 }
    }

    private static func signedNames(_ request: Request) -> String {
        canonicalHeaders(request).map(\.0).joined(separator: ";")
    }

    private static func trimmed(_ value: String) -> String {
        value.split { $0 == " " || $0 == "\t" || $0.isNewline }.joined(separator: " ")
    }

    /// All but the unreserved characters of RFC 3986 as `%XX`; slashes too unless they part a path.
    static func encoded(_ text: String, keepingSlashes: Bool = false) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "/") where keepingSlashes: result += "/"
            default:
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    /// `20260102T030405Z`
    private static func stamp(_ time: Timestamp) -> String {
        time.description.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
    }

    private static func day(_ time: Timestamp) -> String { String(stamp(time).prefix(8)) }
}

/// Who signs.
package struct S3Credentials: Sendable {
    package let accessKey: String
    package let secretKey: String
    /// Of temporary credentials.
    package let sessionToken: String?

    package init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }
}

extension Sequence<UInt8> {
    /// In lower case.
    var hexadecimal: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
