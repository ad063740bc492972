import AsyncHTTPClient
import Crypto
import Foundation
import Kernel
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import S3Objects

/// What only a real store can show: that it believes our signatures, and no others.
@Suite(.enabled(if: RealStore.settings != nil, "CLOUDSTREAM_S3_ENDPOINT names no store"))
struct RealStoreTests {
    @Test func `the bucket can be prepared again and again`() async throws {
        try await RealStore.with { store async throws in
            try await S3Bucket(store).prepare()
            #expect(try await S3Bucket(store).prepare().bucket == .kept)
            try await store.check()
        }
    }

    @Test func `a page may send parts to a bucket that was prepared for it, and no other page`() async throws
    {
        let bucket = "cors-\(UUID())".lowercased()
        try await RealStore.with(adjust: { settings in
            settings.bucket = bucket
            settings.keyPrefix = ""
            settings.allowedOrigins = ["https://a.example"]
        }) { store async throws in
            let made = try await S3Bucket(store).prepare()
            #expect(made.bucket == .made)
            // A second time it finds its own rules.
            let again = try await S3Bucket(store).prepare()
            #expect(again.bucket == .kept)
            #expect(made.cors == .made ? again.cors == .kept : again.cors == made.cors)
            let url = try #require(try store.readURL("k", expiry: .now() + .seconds(60))).url
            if made.cors == .made {
                #expect(try await RealStore.preflight(url, from: "https://a.example") == "https://a.example")
                #expect(try await RealStore.preflight(url, from: "https://b.example") == nil)
            }
            _ = try await store.client.call(S3Request(method: .DELETE))
        }
    }

    @Test func `keys of another are refused, with advice`() async throws {
        try await RealStore.with(adjust: { settings in
            settings.credentials = S3Credentials(
                accessKey: settings.credentials.accessKey, secretKey: "not the secret")
        }) { store async throws in
            let refusal = await failure { _ = try await store.put("k", "v") }
            #expect(refusal?.kind == .internal)
            #expect(refusal.reason.contains("check credentials"))
        }
    }

    /// As over TLS, where the body needs no signature.
    @Test func `a request whose payload is not signed is believed too`() async throws {
        try await RealStore.with { store async throws in
            let endpoint = store.client.endpoint
            let path = endpoint.path(of: store.stored("k"))
            let body = ByteBuffer(string: "bytes")
            let headers = [("Host", endpoint.authority), ("Content-MD5", PayloadDigest(of: body).md5)]
            let signed = store.client.signature.headers(
                signing: SignatureV4.Request(
                    method: "PUT", path: path, headers: headers, payload: SignatureV4.unsignedPayload),
                at: .now())
            var request = HTTPClientRequest(url: endpoint.origin + path)
            request.method = .PUT
            request.headers = HTTPHeaders(headers + signed)
            request.body = .bytes(body)
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
            #expect(response.status == .ok)
            _ = try await response.body.collect(upTo: 1 << 20)
            #expect(try await store.text("k") == "bytes")
        }
    }

    @Test func `a signed URL reads, until it expires or is changed`() async throws {
        try await RealStore.with { store async throws in
            _ = try await store.put("a/k", "bytes")
            _ = try await store.put("a/other", "secret")
            let url = try #require(try store.readURL("a/k", expiry: .now() + .seconds(60))).url
            #expect(try await RealStore.ask(.GET, url) == (200, "bytes"))
            let expired = try #require(try store.readURL("a/k", expiry: .now() - .seconds(60))).url
            for bad in [
                expired, url.replacing("/a/k?", with: "/a/other?"), String(url.dropLast()) + "0",
                url.replacing("X-Amz-Expires=86400", with: "X-Amz-Expires=86401"),
            ] where bad != url {
                let (status, text) = try await RealStore.ask(.GET, bad)
                #expect([400, 403].contains(status), "\(bad)")
                #expect(text != "bytes" && text != "secret")
            }
            #expect([400, 403].contains(try await RealStore.ask(.PUT, url, "x").status))
        }
    }

    @Test func `a part's URL takes its length, and not after its time`() async throws {
        try await RealStore.with { store async throws in
            var upload = MultipartUpload(key: "v", id: "u", bytes: 10, partBytes: 10, contentType: "a/b")
            upload.handle = try await store.begin(upload)
            let url = try store.partURL(upload, number: 1, expiry: .now() + .seconds(60)).url
            let expired = try store.partURL(upload, number: 1, expiry: .now() - .seconds(60)).url
            #expect([400, 403].contains(try await RealStore.ask(.PUT, expired, "0123456789").status))
            #expect([400, 403].contains(try await RealStore.ask(.PUT, url, "012345678").status))
            #expect([400, 403].contains(try await RealStore.ask(.PUT, url, "0123456789x").status))
            let number = url.replacing("partNumber=1", with: "partNumber=2")
            #expect([400, 403].contains(try await RealStore.ask(.PUT, number, "0123456789").status))
            #expect(try await store.parts(of: upload) == [])
            #expect(try await RealStore.ask(.PUT, url, "0123456789").status == 200)
            #expect(try await store.parts(of: upload).map(\.number) == [1])
            try await store.abort(upload)
        }
    }

    /// Parts of the size that stores insist on.
    @Test func `an object of parts is the same as it was, and its ETag known before`() async throws {
        try await RealStore.with(adjust: { $0.partBytes = 5 << 20 }) { store async throws in
            try await withFolder { folder in
                let path = folder + "/file"
                let data = Data((0..<(12 << 20)).lazy.map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) })
                try data.write(to: URL(filePath: path))
                let body = try await store.put(
                    "body",
                    body: GivenBody { index in
                        let start = index * 1_000_003
                        guard start < data.count else { return nil }
                        return ByteBuffer(bytes: data[start..<min(data.count, start + 1_000_003)])
                    }, length: Int64(data.count), contentType: "a/b")
                let file = try await store.put("file", movingFile: path, contentType: "a/b")
                #expect(body.etag == file.etag)
                // Over plain files a server forgets the parts, and tells the hash of the whole.
                var digest = PartedDigest(partBytes: file.etag.hasSuffix("-3") ? 5 << 20 : nil)
                digest.update(ByteBuffer(bytes: data))
                #expect(file.etag == digest.etag())
                try await store.materialise("file", at: path)
                #expect(try Data(contentsOf: URL(filePath: path)) == data)
            }
        }
    }
}

/// Alone, because it looks at the memory of the whole process.
@Suite(.serialized, .enabled(if: RealStore.settings != nil, "CLOUDSTREAM_S3_ENDPOINT names no store"))
struct MemoryTests {
    private static let bytes: Int64 = 300 << 20

    @Test func `a large object passes through little memory`() async throws {
        try await RealStore.with { store async throws in
            try await withFolder { folder in
                let path = folder + "/file"
                try Self.makeFile(path)
                let before = try Self.residentBytes()
                let watch = Task {
                    var peak: Int64 = 0
                    while !Task.isCancelled {
                        peak = max(peak, try Self.residentBytes())
                        // Ends with the cancellation.
                        try? await Task.sleep(for: .milliseconds(20))
                    }
                    return peak
                }
                let stat = try await store.put("large", movingFile: path, contentType: "video/mp4")
                #expect(stat.bytes == Self.bytes)
                try await store.materialise("large", at: path)
                let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64
                #expect(size == Self.bytes)
                watch.cancel()
                let growth = try await watch.value - before
                #expect(growth < 100 << 20, "grew by \(growth >> 20) MiB")
            }
        }
    }

    private static func makeFile(_ path: String) throws {
        try Data().write(to: URL(filePath: path))
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        for number in 0..<Int(bytes >> 20) {
            try file.write(contentsOf: Data(repeating: UInt8(truncatingIfNeeded: number), count: 1 << 20))
        }
        try file.close()
    }

    /// `VmRSS` of this process.
    private static func residentBytes() throws -> Int64 {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return Int64(line.split(separator: " ").dropFirst().first ?? "0").map { $0 << 10 } ?? 0
    }
}

/// The store that `CLOUDSTREAM_S3_*` names.
enum RealStore {
    static let settings: S3ObjectStore.Settings? = {
        let environment = ProcessInfo.processInfo.environment
        guard let endpoint = environment["CLOUDSTREAM_S3_ENDPOINT"] else { return nil }
        var settings = S3ObjectStore.Settings(
            endpoint: endpoint, region: environment["CLOUDSTREAM_S3_REGION"] ?? "us-east-1",
            bucket: environment["CLOUDSTREAM_S3_BUCKET"] ?? "cloudstream",
            credentials: S3Credentials(
                accessKey: environment["CLOUDSTREAM_S3_ACCESS_KEY"] ?? "",
                secretKey: environment["CLOUDSTREAM_S3_SECRET_KEY"] ?? ""))
        // Slowness of a busy machine is not what these tests are about.
        settings.requestDeadline = .seconds(120)
        return settings
    }()

    /// Once: rules of a bucket are not made to be written all the time.
    private static let isPrepared = Task {
        guard let settings else { return }
        let store = try S3ObjectStore(
            settings, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: .silent)
        do {
            try await S3Bucket(store).prepare()
            await store.close()
        } catch {
            await store.close()
            throw error
        }
    }

    /// Under a prefix of its own, which is emptied afterwards.
    static func with(
        adjust: (inout S3ObjectStore.Settings) -> Void = { _ in },
        _ test: (S3ObjectStore) async throws -> Void
    ) async throws {
        guard let settings else { return }
        let prefix = "s3-\(UUID())/"
        let whole = try S3ObjectStore(
            settings, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: .silent)
        var own = settings
        own.keyPrefix = prefix
        adjust(&own)
        let store = try S3ObjectStore(
            own, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: .silent)
        var problem: (any Error)?
        do {
            try await isPrepared.value
            try await test(store)
        } catch {
            problem = error
        }
        do { try await whole.delete(prefix: prefix) } catch { problem = problem ?? error }
        await store.close()
        await whole.close()
        if let problem { throw problem }
    }

    /// Who may PUT to `url`, as the store answers a page of `origin` that asks beforehand.
    static func preflight(_ url: String, from origin: String) async throws -> String? {
        var request = HTTPClientRequest(url: url)
        request.method = .OPTIONS
        request.headers = ["Origin": origin, "Access-Control-Request-Method": "PUT"]
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        _ = try await response.body.collect(upTo: 1 << 20)
        return response.headers.first(name: "Access-Control-Allow-Origin")
    }

    /// As anybody with the URL.
    static func ask(_ method: HTTPMethod, _ url: String, _ body: String? = nil) async throws -> (
        status: Int, text: String
    ) {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.body = body.map { .bytes(ByteBuffer(string: $0)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
        return (Int(response.status.code), text)
    }
}
