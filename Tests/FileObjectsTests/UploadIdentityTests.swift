import FileObjects
import Kernel
import Testing

/// This store knows uploads by their own ids.
@Suite struct UploadIdentityTests {
    @Test func `the handle is the id, and not needed`() async throws {
        try await StoreFixture.with { fixture in
            let store = fixture.store
            var upload = MultipartUpload.sample
            #expect(try await store.begin(upload) == upload.id)
            let references = try await store.sendAll(upload)
            upload.handle = upload.id
            #expect(try await store.parts(of: upload).count == references.count)
            #expect(try await store.begin(upload) == upload.id)
            #expect(try await store.complete(upload, parts: references).bytes == upload.bytes)
        }
    }

    @Test func `the same upload again is fine, another with its id is not`() async throws {
        try await StoreFixture.with { fixture in
            let upload = MultipartUpload.sample
            _ = try await fixture.store.begin(upload)
            try await fixture.store.send(upload, 1)
            _ = try await fixture.store.begin(upload)
            #expect(try await fixture.store.parts(of: upload).map(\.number) == [1])
            let other = MultipartUpload(
                key: "other", id: upload.id, bytes: upload.bytes, partBytes: upload.partBytes,
                contentType: upload.contentType)
            #expect(await failureCode { _ = try await fixture.store.begin(other) } == "upload_differs")
        }
    }

    @Test func `readers get no address at the store`() async throws {
        try await StoreFixture.with { fixture in
            let url = try fixture.store.readURL("k", expiry: .now())
            #expect(url == nil)
        }
    }
}
