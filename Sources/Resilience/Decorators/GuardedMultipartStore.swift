package import Kernel

/// Remote multipart uploads behind their guard. All but `begin` may be repeated.
package struct GuardedMultipartStore: MultipartStore {
    private let store: any MultipartStore
    private let guarded: Guarded

    package init(_ store: any MultipartStore, by guarded: Guarded) {
        self.store = store
        self.guarded = guarded
    }

    /// Tried once: a second try may open a second upload.
    package func begin(_ upload: MultipartUpload) async throws -> String {
        try await guarded.run(guarded.call("begin", isIdempotent: false)) { [store] in
            try await store.begin(upload)
        }
    }

    /// Signed here, without asking the store.
    package func partURL(_ upload: MultipartUpload, number: Int, expiry: Timestamp) throws -> SignedURL {
        try store.partURL(upload, number: number, expiry: expiry)
    }

    package func parts(of upload: MultipartUpload) async throws -> [UploadedPart] {
        try await guarded.run(guarded.call("parts", isIdempotent: true)) { [store] in
            try await store.parts(of: upload)
        }
    }

    /// A store may put a large object together for long: each attempt may take the whole deadline.
    package func complete(
        _ upload: MultipartUpload, parts: [UploadedPart.Reference]
    ) async throws -> ObjectStat {
        var call = guarded.call("complete", isIdempotent: true)
        call.attemptDeadline = nil
        return try await guarded.run(call) { [store] in try await store.complete(upload, parts: parts) }
    }

    package func abort(_ upload: MultipartUpload) async throws {
        try await guarded.run(guarded.call("abort", isIdempotent: true)) { [store] in
            try await store.abort(upload)
        }
    }
}
