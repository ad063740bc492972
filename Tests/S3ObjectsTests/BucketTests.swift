import Kernel
import NIOHTTP1
import Testing

@testable import S3Objects

/// The bucket's own state, and who may come to it.
@Suite struct BucketTests {
    private static func error(_ code: String) -> String { "<Error><Code>\(code)</Code></Error>" }

    @Test func `a new bucket gets its rules`() async throws {
        try await ScriptedServer.adjusted({
            $0.region = "eu-central-1"
            $0.allowedOrigins = ["https://a.example", "https://b.example"]
            $0.keyPrefix = "p/"
        }).run { asked, _ in
            switch asked.method {
            case "PUT": .reply(200)
            case "HEAD": .reply(404)
            default:
                .reply(
                    404, [],
                    Self.error(
                        asked.uri.contains("cors")
                            ? "NoSuchCORSConfiguration" : "NoSuchLifecycleConfiguration"))
            }
        } test: { store, server async throws in
            let made = try await S3Bucket(store).prepare()
            #expect(made == S3Bucket.Preparation(bucket: .made, cors: .made, lifecycle: .made))
            let written = server.asked.filter { $0.method == "PUT" }
            #expect(written.map(\.uri) == ["/bucket", "/bucket?cors=", "/bucket?lifecycle="])
            #expect(written[0].text.contains("<LocationConstraint>eu-central-1</LocationConstraint>"))
            for part in [
                "<AllowedOrigin>https://b.example</AllowedOrigin>", "<AllowedMethod>PUT</AllowedMethod>",
                "<ExposeHeader>ETag</ExposeHeader>",
            ] {
                #expect(written[1].text.contains(part))
            }
            #expect(written[2].text.contains("<Prefix>p/</Prefix>"))
            #expect(written[2].text.contains("<AbortIncompleteMultipartUpload>"))
        }
    }

    @Test func `rules that are as they should be are not written again`() async throws {
        let cors = """
            <C><CORSRule><ID>cloudstream p/</ID><AllowedOrigin>https://a.example</AllowedOrigin>\
            <AllowedMethod>PUT</AllowedMethod><ExposeHeader>ETag</ExposeHeader></CORSRule></C>
            """
        let lifecycle = """
            <L><Rule><ID>cloudstream p/</ID><Status>Enabled</Status><AbortIncompleteMultipartUpload>\
            <DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></L>
            """
        for (origin, expected) in [
            ("https://a.example", S3Bucket.Outcome.kept), ("https://b.example", .made),
        ] {
            try await ScriptedServer.adjusted({
                $0.keyPrefix = "p/"
                $0.allowedOrigins = [origin]
            }).run { asked, _ in
                .reply(200, [], asked.uri.contains("cors") ? cors : asked.method == "GET" ? lifecycle : "")
            } test: { store, server async throws in
                let found = try await S3Bucket(store).prepare()
                #expect(found == S3Bucket.Preparation(bucket: .kept, cors: expected, lifecycle: .kept))
                #expect(server.asked.filter { $0.method == "PUT" }.count == (expected == .made ? 1 : 0))
            }
        }
    }

    @Test func `rules of others are left alone`() async throws {
        let rules = "<C><CORSRule><ID>theirs</ID></CORSRule></C>"
        try await ScriptedServer.adjusted({ $0.allowedOrigins = ["https://a.example"] }).run { asked, _ in
            .reply(200, [], asked.method == "GET" ? rules : "")
        } test: { store, server async throws in
            let found = try await S3Bucket(store).prepare()
            #expect(found.bucket == .kept)
            guard case .refused = found.cors, case .refused = found.lifecycle else {
                Issue.record("rules of others were replaced")
                return
            }
            #expect(!server.asked.contains { $0.method == "PUT" })
        }
    }

    @Test func `a store without rules is no failure, one without the bucket is`() async throws {
        try await ScriptedServer.adjusted({ $0.allowedOrigins = ["https://a.example"] }).run { asked, _ in
            asked.method == "HEAD" ? .reply(200) : .reply(501, [], Self.error("NotImplemented"))
        } test: { store, _ async throws in
            let found = try await S3Bucket(store).prepare()
            guard case .refused = found.cors, case .refused = found.lifecycle else {
                Issue.record("a store without rules has them")
                return
            }
        }
        try await ScriptedServer.run { asked, _ in
            asked.method == "HEAD" ? .reply(404) : .reply(403, [], Self.error("AccessDenied"))
        } test: { store, _ async throws in
            #expect(await failure { try await S3Bucket(store).prepare() }?.kind == .internal)
            #expect(await failure { try await store.check() }?.code == "bucket_missing")
        }
    }

    @Test(arguments: [
        "http://h/with/path", "h:9000",
    ])
    func `settings that cannot be are refused`(_ endpoint: String) async throws {
        let code = await failure {
            try await ScriptedServer.adjusted({ $0.endpoint = endpoint }).run { _, _ in
                .silence
            } test: { _, _ async throws in
            }
        }?.code
        #expect(code == "invalid_request")
    }

    @Test(arguments: ["noslash", "/", "a//", "../", "ä/"])
    func `a key prefix is a key with a slash`(_ prefix: String) async throws {
        let kind = await failure {
            try await ScriptedServer.adjusted({ $0.keyPrefix = prefix }).run { _, _ in
                .silence
            } test: { _, _ async throws in
            }
        }?.kind
        #expect(kind == .invalid)
    }
}

/// Signed URLs.
@Suite struct SignedURLTests {
    private static let upload = MultipartUpload(
        key: "v/source", id: "u", bytes: 15, partBytes: 10, contentType: "a/b", handle: "2~a/b+c=")

    @Test func `a part's URL names the public endpoint, and signs the length`() async throws {
        try await ScriptedServer.adjusted({
            $0.publicEndpoint = "https://media.example"
            $0.keyPrefix = "p/"
            $0.minimumPartBytes = 0
            $0.credentials = S3Credentials(accessKey: "A", secretKey: "s", sessionToken: "t/+")
        }).run { _, _ in
            .silence
        } test: { store, server async throws in
            let expiry = Timestamp.now() + .seconds(600)
            let url = try store.partURL(Self.upload, number: 2, expiry: expiry)
            #expect(url.url.hasPrefix("https://media.example/bucket/p/v/source?"))
            #expect(url.url.contains("&partNumber=2&uploadId=2~a%2Fb%2Bc%3D&"))
            #expect(url.url.contains("X-Amz-SignedHeaders=content-length%3Bhost"))
            #expect(url.url.contains("X-Amz-Security-Token=t%2F%2B"))
            #expect(url.headers == ["Content-Length": "5"])
            #expect(try store.partURL(Self.upload, number: 2, expiry: expiry) == url)
            #expect(try store.partURL(Self.upload, number: 1, expiry: expiry) != url)
            #expect(store.publicOrigin == "https://media.example")
            #expect(server.asked.isEmpty)
        }
    }

    @Test func `a URL holds to its expiry and a week at most`() async throws {
        try await ScriptedServer.run { _, _ in
            .silence
        } test: { store, _ async throws in
            let time = Timestamp.now()
            for (seconds, expires) in [
                (60, "86400"), (86_000, "86400"), (90_000, "604800"), (600_000, "604800"),
            ] {
                let url = try #require(try store.readURL("k", expiry: time + .seconds(seconds)))
                #expect(url.url.contains("X-Amz-Expires=\(expires)&"))
                #expect(url.headers.isEmpty)
            }
            #expect(
                await failure { _ = try store.readURL("k", expiry: time + .seconds(700_000)) }?.kind
                    == .invalid)
            #expect(await failure { _ = try store.readURL("a//b", expiry: time) }?.code == "invalid_key")
        }
    }

    /// All that the API sends of an upload that goes straight to the store, beside what it reads of it at the end.
    @Test func `the addresses of ten gigabytes are a fraction of a megabyte`() async throws {
        try await ScriptedServer.adjusted({ $0.publicEndpoint = "https://objects.cloudstream.example" }).run {
            _, _ in
            .silence
        } test: { store, _ async throws in
            let upload = MultipartUpload(
                key:
                    "videos/018f0000-0000-7000-8000-000000000001/018f0000-0000-7000-8000-0000000000c3/source",
                id: "u", bytes: 10_000_000_000, partBytes: 16 << 20, contentType: "video/mp4",
                handle: String(repeating: "h", count: 128))
            let bytes = try (1...upload.partCount).reduce(0) { sum, number in
                sum
                    + (try store.partURL(upload, number: number, expiry: .now() + .seconds(3600)).url.utf8
                        .count)
            }
            #expect(bytes < 500_000)
        }
    }

    @Test func `an upload without a handle has no URLs`() async throws {
        try await ScriptedServer.run { _, _ in
            .silence
        } test: { store, _ async throws in
            var upload = Self.upload
            upload.handle = nil
            #expect(
                await failure { _ = try store.partURL(upload, number: 1, expiry: .now()) }?.kind == .conflict)
        }
    }
}
