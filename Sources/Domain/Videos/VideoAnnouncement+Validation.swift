import Kernel

extension VideoAnnouncement {
    static let maximumTitle = 200

    static func validated(title: String) throws(Failure) -> String {
        // Control characters, line breaks among them, become spaces: a title is one line everywhere.
        let lines = title.unicodeScalars.split { $0.properties.generalCategory == .control }
        let title = lines.map { String($0) }.joined(separator: " ")
        guard title.contains(where: { !$0.isWhitespace }) else {
            throw .invalid("title", "required", "Please give a title.")
        }
        guard title.count <= maximumTitle, title.utf8.count <= maximumTitle * 8 else {
            throw .invalid("title", "too_long", "A title has at most \(maximumTitle) characters.")
        }
        return title
    }

    func validated(maximumBytes: Int64) throws -> VideoAnnouncement {
        var problems: [Failure.Field] = []
        var title = title
        do { title = try Self.validated(title: title) } catch { problems += error.fields }
        let isPath = filename.unicodeScalars.contains { $0 == "/" || $0 == "\0" }
        if filename.isEmpty || filename.utf8.count > 255 || isPath {
            problems.append(.init("filename", "invalid", "A file name has 1 to 255 bytes and no slash."))
        }
        if bytes < 1 { problems.append(.init("bytes", "empty", "The file is empty.")) }
        let typeIsPlain = contentType.utf8.allSatisfy { $0 > 32 && $0 < 127 }
        if contentType.isEmpty || contentType.utf8.count > 127 || !typeIsPlain {
            problems.append(.init("contentType", "invalid", "A content type looks like video/mp4."))
        }
        if let sha256, sha256.utf8.count != 64 || !sha256.utf8.allSatisfy(Self.isHexadecimal) {
            problems.append(.init("sha256", "invalid", "A SHA-256 has 64 hexadecimal digits."))
        }
        guard problems.isEmpty else { throw Failure.invalid(problems) }
        guard bytes <= maximumBytes else {
            throw Failure(.tooLarge, "too_large", "A video has at most \(maximumBytes) bytes here.")
        }
        return VideoAnnouncement(
            title: title, filename: filename, bytes: bytes, contentType: contentType,
            sha256: sha256?.lowercased())
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
