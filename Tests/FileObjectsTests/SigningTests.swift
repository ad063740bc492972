import FileObjects
import Kernel
import Synchronization
import Testing

@Suite struct SigningTests {
    private static let upload = MultipartUpload.sample
    private static let expiry = Timestamp(milliseconds: 4_000_000_000_000)

    private func code(
        _ store: FileObjectStore, _ url: String, length: Int64 = 1000, type: String? = "video/mp4"
    ) async -> String? {
        let halves = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        return await failureCode {
            _ = try await store.receive(
                path: halves[0], query: halves.count > 1 ? halves[1] : "", length: length, contentType: type,
                body: GivenBody(Self.upload.bytes(ofPart: 1)))
        }
    }

    @Test func `a URL has one form only, and each field in it is bound`() async throws {
        try await StoreFixture.with { fixture in
            let store = fixture.store
            _ = try await store.begin(Self.upload)
            let url = try store.partURL(Self.upload, number: 1, expiry: Self.expiry).url
            let signature = String(url.suffix(64))
            let altered = [
                url.replacing("/1?", with: "/2?"), url.replacing("/1?", with: "/01?"),
                url.replacing("/1?", with: "/+1?"), url.replacing("/1?", with: "/1/?"),
                url.replacing("upload-1", with: "upload-2"), url.replacing("/parts/", with: "/part/"),
                url.replacing("/objects/", with: "/objects//"), url.replacing("/objects/", with: "/"),
                url.replacing("4000000000", with: "4000000001"),
                url.replacing("4000000000", with: "04000000000"),
                url.replacing("expires=4000000000&", with: ""), url.replacing("expires", with: "Expires"),
                String(url.dropLast()), url + "0", url + "&x=1", url + "&signature=" + signature,
                url.replacing(signature, with: signature.uppercased()),
                url.replacing(signature, with: String(repeating: "0", count: 64)),
                url.replacing(signature, with: ""), "/objects/", "/objects/upload-1/parts/1",
                "/objects/upload-1/parts/99999999999999999999?expires=4000000000&signature=" + signature,
            ]
            for url in altered { #expect(await code(store, url) == "signature_invalid", "\(url)") }
            #expect(await code(store, url, length: 999) == "signature_invalid")
            #expect(await code(store, url, type: "video/mp4; x") == "signature_invalid")
            #expect(await code(store, url) == nil)
        }
    }

    @Test func `another key signs otherwise, the same key alike`() async throws {
        try await StoreFixture.with { fixture in
            let url = try fixture.store.partURL(Self.upload, number: 1, expiry: Self.expiry)
            let stranger = try StoreFixture.opened(fixture.root, key: Array("another sixteen bytes".utf8))
            #expect(try stranger.partURL(Self.upload, number: 1, expiry: Self.expiry) != url)
            #expect(await code(stranger, url.url) == "signature_invalid")
            #expect(try fixture.another().partURL(Self.upload, number: 1, expiry: Self.expiry) == url)
        }
    }

    @Test func `fields cannot flow into each other`() async throws {
        try await StoreFixture.with { fixture in
            let store = fixture.store
            func url(_ id: String, _ type: String, _ bytes: Int64) throws -> String {
                let upload = MultipartUpload(
                    key: "k", id: id, bytes: bytes, partBytes: bytes, contentType: type)
                return try String(store.partURL(upload, number: 1, expiry: Self.expiry).url.suffix(64))
            }
            let signatures = try [
                url("a", "b", 11), url("a1", "b", 1), url("a", "1b", 1), url("a", "b\n", 11),
                url("a", "", 11),
            ]
            #expect(Set(signatures).count == signatures.count)
        }
    }

    @Test func `a URL holds until its second and not longer`() async throws {
        let box = TimeBox(time: Self.expiry - .milliseconds(1))
        try await StoreFixture.with(now: box.clock) { fixture in
            _ = try await fixture.store.begin(Self.upload)
            let url = try fixture.store.partURL(Self.upload, number: 1, expiry: Self.expiry).url
            #expect(await code(fixture.store, url) == nil)
            box.set(Self.expiry)
            #expect(await code(fixture.store, url) == "signature_expired")
        }
    }

    @Test func `without a content type none is to be sent`() async throws {
        try await StoreFixture.with { fixture in
            let upload = MultipartUpload(key: "k", id: "u", bytes: 1000, partBytes: 1000, contentType: "")
            _ = try await fixture.store.begin(upload)
            let url = try fixture.store.partURL(upload, number: 1, expiry: Self.expiry)
            #expect(url.headers == [:])
            #expect(await code(fixture.store, url.url) == "signature_invalid")
            #expect(await code(fixture.store, url.url, type: nil) == nil)
        }
    }

    @Test func `a short key is refused`() async throws {
        try await StoreFixture.with { fixture in
            let code = await failureCode {
                _ = try StoreFixture.opened(fixture.root, key: [1, 2, 3])
            }
            #expect(code == "invalid_request")
        }
    }
}

private final class TimeBox: Sendable {
    private let time: Mutex<Timestamp>

    init(time: Timestamp) { self.time = Mutex(time) }

    var clock: @Sendable () -> Timestamp { { self.time.withLock { $0 } } }

    func set(_ moment: Timestamp) { time.withLock { $0 = moment } }
}
