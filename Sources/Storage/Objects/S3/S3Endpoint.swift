import Foundation
import Kernel

/// Where a bucket is reached: as the first step of the path, or as a part of the host's name.
struct S3Endpoint: Sendable, Equatable {
    /// Scheme and authority, such as `https://s3.example.com:9000`.
    let origin: String
    /// The value of `Host`: without a port that the scheme implies.
    let authority: String
    let isSecure: Bool
    private let bucketPath: String

    /// `invalid_request` unless `text` is `http(s)://host[:port]`.
    init(_ text: String, bucket: String, pathStyle: Bool) throws(Failure) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme,
            scheme == "http" || scheme == "https", let host = parts.host, !host.isEmpty,
            parts.path.isEmpty || parts.path == "/", parts.query == nil, parts.user == nil
        else {
            throw .invalid("endpoint", "invalid", "An endpoint is http://host:port or https://host:port.")
        }
        guard (3...63).contains(bucket.utf8.count), ObjectKey.isComponent(bucket) else {
            throw .invalid("bucket", "invalid", "A bucket's name has 3 to 63 of a-z 0-9 . -.")
        }
        isSecure = scheme == "https"
        let name = pathStyle ? host : "\(bucket).\(host)"
        let port = parts.port == (isSecure ? 443 : 80) ? nil : parts.port
        authority = port.map { "\(name):\($0)" } ?? name
        origin = "\(scheme)://\(authority)"
        bucketPath = pathStyle ? "/\(bucket)" : ""
    }

    /// The encoded path of an object, or of the bucket.
    func path(of key: String?) -> String {
        guard let key else { return bucketPath.isEmpty ? "/" : bucketPath }
        return bucketPath + "/" + SignatureV4.encoded(key, keepingSlashes: true)
    }
}
