package import Kernel
import NIOCore
import NIOHTTP1

extension S3ObjectStore: ObjectStore {
    private static let maximumPage = 1000

    package func get(_ key: String, range: ByteRange?) async throws -> StoredObject? {
        let key = stored(try ObjectKey(key).text)
        var request = S3Request(method: .GET, key: key)
        if let range {
            guard let header = range.header else {
                return try await headers(of: key).map { try Self.outside($0.stat) }
            }
            request.headers = [("Range", header)]
        }
        do {
            guard
                let download = try await absentAsNil({ () async throws(Failure) in
                    try await client.open(request)
                })
            else { return nil }
            return try object(key, download, range)
        } catch {
            // Some servers refuse to give the last bytes when there are fewer.
            guard case .last(let count) = range, error.answered?.code == "InvalidRange",
                let bytes = try await headers(of: key)?.stat.bytes, bytes > 0, bytes < count
            else { throw error }
            return try await get(String(key.dropFirst(settings.keyPrefix.count)), range: .from(0))
        }
    }

    private func object(
        _ key: String, _ download: S3Client.Download, _ range: ByteRange?
    ) throws(Failure) -> StoredObject {
        let headers = try ObjectHeaders(download.headers)
        let whole = 0..<headers.stat.bytes
        guard let part = range.map({ $0.clamped(to: headers.stat.bytes) }) ?? whole else {
            return try Self.outside(headers.stat)
        }
        // A server may answer the whole object to a range; what it did not send it cannot mean.
        guard
            part.isEmpty
                || (headers.served.lowerBound <= part.lowerBound
                    && headers.served.upperBound >= part.upperBound)
        else { throw Failure.unavailable("The object store", cause: ObjectHeaders.Incomplete()) }
        let source = S3Body.Source(client, key, headers, range: part, first: download)
        return StoredObject(stat: headers.stat, range: part, body: S3Body(source))
    }

    private static func outside(_ stat: ObjectStat) throws(Failure) -> StoredObject {
        throw Failure(.invalid, "invalid_range", "The object has only \(stat.bytes) bytes.")
    }

    package func stat(_ key: String) async throws -> ObjectStat? {
        try await headers(of: stored(try ObjectKey(key).text))?.stat
    }

    /// Of the object with the whole key; nil if absent.
    func headers(of key: String) async throws(Failure) -> ObjectHeaders? {
        let reply = try await absentAsNil { () async throws(Failure) in
            try await client.call(S3Request(method: .HEAD, key: key))
        }
        guard let reply else { return nil }
        return try ObjectHeaders(reply.headers)
    }

    func absentAsNil<Result>(_ call: () async throws(Failure) -> Result) async throws(Failure) -> Result? {
        do {
            return try await call()
        } catch {
            guard error.answered?.isAbsent == true else { throw error }
            return nil
        }
    }

    package func list(prefix: String, after: String?, limit: Int) async throws -> [String] {
        let prefix = try ObjectPrefix(prefix)
        var keys: [String] = []
        var last = after
        while keys.count < limit {
            let (page, hasMore) = try await page(
                of: prefix.text, after: last, limit: min(limit - keys.count, Self.maximumPage))
            keys += page
            guard hasMore, let final = page.last else { break }
            last = final
        }
        return keys
    }

    /// Keys without the store's own prefix.
    private func page(
        of prefix: String, after: String?, limit: Int
    ) async throws(Failure) -> (keys: [String], hasMore: Bool) {
        var request = S3Request(method: .GET)
        request.query = [
            ("list-type", "2"), ("max-keys", String(limit)), ("prefix", stored(prefix)),
        ]
        if let after, !after.isEmpty { request.query.append(("start-after", stored(after))) }
        let document = try await client.call(request).document()
        guard document.name == "ListBucketResult" else {
            throw .unavailable("The object store", cause: XMLElement.Malformed(offset: 0))
        }
        let own = settings.keyPrefix
        let keys = document.all("Contents").compactMap { $0.text(of: "Key") }
            .filter { $0.hasPrefix(own) }.map { String($0.dropFirst(own.count)) }
            .filter { key in
                key.hasPrefix(prefix) && after.map { $0.utf8.lexicographicallyPrecedes(key.utf8) } ?? true
            }
        return (keys, document.text(of: "IsTruncated") == "true")
    }

    package func readURL(_ key: String, expiry: Timestamp) throws -> SignedURL? {
        let key = stored(try ObjectKey(key).text)
        return SignedURL(url: try presigned("GET", key, expiry: expiry), headers: [:])
    }

    /// A URL for anybody. Signed as if at a fixed time before its expiry, so that equal arguments give equal URLs.
    func presigned(
        _ method: String, _ key: String, query: [(String, String)] = [], headers: [(String, String)] = [],
        expiry: Timestamp
    ) throws(Failure) -> String {
        let day = Duration.seconds(86_400)
        let lifetime = expiry - now() <= day ? day : SignatureV4.maximumLifetime
        guard expiry - now() <= lifetime else {
            throw .invalid("expiry", "out_of_range", "A signed URL holds for at most a week.")
        }
        let expiry = Timestamp(milliseconds: expiry.unixSeconds * 1000)
        let request = SignatureV4.Request(
            method: method, path: publicEndpoint.path(of: key), query: query,
            headers: headers + [("host", publicEndpoint.authority)], payload: SignatureV4.unsignedPayload)
        let signed = client.signature.query(presigning: request, at: expiry - lifetime, lifetime: lifetime)
        return publicEndpoint.origin + request.path + "?" + signed
    }
}
