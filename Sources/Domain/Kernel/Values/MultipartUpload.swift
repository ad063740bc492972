/// An object that comes in parts, as an object store knows it.
package struct MultipartUpload: Sendable, Equatable, Codable {
    private static let maximumParts = 10_000
    private static let maximumFields = 20

    /// Key of the finished object, of this upload alone.
    package let key: String
    package let id: String
    package let bytes: Int64
    package let partBytes: Int64
    package let contentType: String
    /// What `MultipartStore.begin` answered; nil before that.
    package var handle: String?

    package init(
        key: String, id: String, bytes: Int64, partBytes: Int64, contentType: String, handle: String? = nil
    ) {
        self.key = key
        self.id = id
        self.bytes = bytes
        self.partBytes = partBytes
        self.contentType = contentType
        self.handle = handle
    }

    package var partCount: Int { max(1, Int((bytes + partBytes - 1) / partBytes)) }

    /// Length of part `number`, from 1.
    package func length(ofPart number: Int) -> Int64 {
        number < partCount ? partBytes : bytes - partBytes * Int64(partCount - 1)
    }

    /// The object's key, if the upload is one that can be.
    package func validated() throws(Failure) -> ObjectKey {
        guard ObjectKey.isComponent(id) else {
            throw .invalid("id", "invalid", "An upload's id is 1 to 200 of A-Z a-z 0-9 . _ -.")
        }
        guard bytes >= 0, partBytes > 0, (bytes - 1) / partBytes < Int64(Self.maximumParts) else {
            throw .invalid("bytes", "out_of_range", "An upload has 1 to \(Self.maximumParts) parts.")
        }
        return try ObjectKey(key)
    }

    package func require(partNumber number: Int) throws(Failure) {
        guard (1...partCount).contains(number) else {
            throw .invalid("number", "out_of_range", "The parts are 1 to \(partCount).")
        }
    }

    /// Throws `upload_incomplete`, with at most twenty fields, unless `stored` are all parts and `references` name
    /// exactly them.
    package func requireComplete(
        _ stored: [UploadedPart], named references: [UploadedPart.Reference]
    ) throws(Failure) {
        let problems = problems(of: stored, with: references)
        guard !problems.isEmpty else { return }
        let detail = "Parts are missing or differ from those that were named."
        throw Failure(.conflict, "upload_incomplete", detail, fields: problems)
    }

    private func problems(
        of stored: [UploadedPart], with references: [UploadedPart.Reference]
    ) -> [Failure.Field] {
        let etags = Dictionary(stored.map { ($0.number, $0.etag) }, uniquingKeysWith: { first, _ in first })
        let named = Dictionary(grouping: references, by: \.number)
        let expected = (1...partCount).lazy.compactMap { number -> Failure.Field? in
            let field = "parts.\(number)"
            guard let etag = etags[number] else {
                return .init(field, "missing", "Part \(number) is missing.")
            }
            guard let references = named[number] else {
                return .init(field, "not_named", "Part \(number) was not named.")
            }
            guard references.allSatisfy({ $0.etag == etag }) else {
                return .init(field, "different", "Part \(number) has other bytes than were named.")
            }
            return nil
        }
        let surplus = references.lazy.filter { $0.number < 1 || $0.number > partCount }.map {
            Failure.Field("parts.\($0.number)", "unknown", "There is no part \($0.number).")
        }
        let problems = Array(expected.prefix(Self.maximumFields)) + surplus.prefix(Self.maximumFields)
        return Array(problems.prefix(Self.maximumFields))
    }
}

package struct UploadedPart: Sendable, Equatable, Codable {
    package let number: Int
    package let etag: String
    package let bytes: Int64

    package init(number: Int, etag: String, bytes: Int64) {
        self.number = number
        self.etag = etag
        self.bytes = bytes
    }

    package struct Reference: Sendable, Equatable, Codable {
        package let number: Int
        package let etag: String

        package init(number: Int, etag: String) {
            self.number = number
            self.etag = etag
        }
    }
}
