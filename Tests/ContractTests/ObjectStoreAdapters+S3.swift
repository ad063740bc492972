import AsyncHTTPClient
import Foundation
import Kernel
import Logging
import NIOCore
import NIOHTTP1
import S3Objects
import Testing

/// The store that `CLOUDSTREAM_S3_*` names.
struct S3Server: Sendable {
    static let current = S3Server(ProcessInfo.processInfo.environment)

    let settings: S3ObjectStore.Settings

    init?(_ environment: [String: String]) {
        guard let endpoint = environment["CLOUDSTREAM_S3_ENDPOINT"] else { return nil }
        var settings = S3ObjectStore.Settings(
            endpoint: endpoint, region: environment["CLOUDSTREAM_S3_REGION"] ?? "us-east-1",
            bucket: environment["CLOUDSTREAM_S3_BUCKET"] ?? "cloudstream",
            credentials: S3Credentials(
                accessKey: environment["CLOUDSTREAM_S3_ACCESS_KEY"] ?? "",
                secretKey: environment["CLOUDSTREAM_S3_SECRET_KEY"] ?? ""))
        // The contract's parts are small; servers that insist on large ones are told so when they start.
        settings.minimumPartBytes = 0
        // Slowness of a busy machine is not what the contract is about.
        settings.requestDeadline = .seconds(120)
        self.settings = settings
    }

    /// A store under a prefix of its own, emptied afterwards.
    func with(_ test: (S3ObjectStore) async throws -> Void) async throws {
        let prefix = "contract-\(UUID())/"
        let store = try store(prefix: prefix)
        let whole = try self.store(prefix: "")
        do {
            _ = try await S3Server.bucket.value
            try await test(store)
        } catch {
            // The test's own error is the one to tell.
            try? await whole.delete(prefix: prefix)
            await close(store, whole)
            throw error
        }
        try await whole.delete(prefix: prefix)
        await close(store, whole)
    }

    private func close(_ stores: S3ObjectStore...) async { for store in stores { await store.close() } }

    private func store(prefix: String) throws -> S3ObjectStore {
        var settings = settings
        settings.keyPrefix = prefix
        return try S3ObjectStore(
            settings, eventLoopGroup: HTTPClient.defaultEventLoopGroup,
            logger: Logger(label: "contract", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// Makes the bucket, and tries what its server can.
    private static let bucket = Task { () -> StoreAbilities in
        guard let server = current else { return .all }
        let whole = try server.store(prefix: "")
        let store = try server.store(prefix: "probe-\(UUID())/")
        do {
            try await S3Bucket(whole).prepare()
            let abilities = try await abilities(of: store)
            await server.close(store, whole)
            return abilities
        } catch {
            await server.close(store, whole)
            throw error
        }
    }

    private static func abilities(of store: S3ObjectStore) async throws -> StoreAbilities {
        var abilities = StoreAbilities.all
        try await store.put("a", [1])
        let nested = await failureCode { try await store.put("a/b", [1]) }
        let kept = try await store.bytes("a")
        if nested != nil || kept != [1] { abilities.remove(.nestedKeys) }
        let stage = MultipartStage(parts: store, objects: store, send: S3Server.send)
        let upload = try await stage.begun()
        _ = try await stage.send(upload, 1)
        if await failureCode({ _ = try await stage.send(upload, 1, seed: 2) }) != nil {
            // It passes on what comes as it comes, objects too.
            abilities.subtract([.replacedParts, .undisturbedReaders])
        }
        try await store.abort(upload)
        for key in ["a/b", "a"] { try await store.delete(prefix: key) }
        return abilities
    }

    static func abilities() async throws -> StoreAbilities { try await bucket.value }
}

extension ObjectStoreAdapter {
    static let s3 = ObjectStoreAdapter(testDescription: "S3") { test in
        try await withObjectFolder { folder in
            try await S3Server.current?.with { store in
                try await test(
                    ObjectStoreStage(
                        store: store, folder: folder, abilities: try await S3Server.abilities()))
            }
        }
    }
}

extension MultipartAdapter {
    static let s3 = MultipartAdapter(testDescription: "S3") { test in
        try await S3Server.current?.with { store in
            try await test(
                MultipartStage(
                    parts: store, objects: store, abilities: try await S3Server.abilities(),
                    send: S3Server.send))
        }
    }
}

extension S3Server {
    /// Sends as a browser does: to whatever the URL names, with the headers that came with it.
    @Sendable static func send(_ url: SignedURL, _ body: ChunkedBody, _ length: Int64) async throws
        -> UploadedPart
    {
        var request = HTTPClientRequest(url: url.url)
        request.method = .PUT
        for (name, value) in url.headers where name.lowercased() != "content-length" {
            request.headers.add(name: name, value: value)
        }
        request.body = .stream(body, length: .known(length))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        let answer = try await response.body.collect(upTo: 1 << 20)
        guard response.status.code == 200, let etag = response.headers.first(name: "ETag") else {
            throw Failure(.forbidden, "refused_\(response.status.code)", String(buffer: answer))
        }
        let number = URLComponents(string: url.url)?.queryItems?.first { $0.name == "partNumber" }?.value
        return UploadedPart(
            number: number.flatMap { Int($0) } ?? 0, etag: etag.filter { $0 != "\"" }, bytes: length)
    }
}

@Suite struct ObjectStoreServers {
    @Test(
        .enabled(
            if: S3Server.current != nil,
            "CLOUDSTREAM_S3_ENDPOINT names no store: S3 is not under the contract"))
    func `the contract runs over a real S3 store`() async throws {
        try await S3Server.current?.with { try await $0.check() }
    }
}
