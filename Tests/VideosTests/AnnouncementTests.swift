import Kernel
import Testing

@testable import Videos

@Suite struct AnnouncementTests {
    private static let maximum: Int64 = 1_000

    private func announcement(
        title: String = "T", filename: String = "a.mp4", bytes: Int64 = 10, type: String = "video/mp4",
        sha256: String? = nil
    ) -> VideoAnnouncement {
        VideoAnnouncement(title: title, filename: filename, bytes: bytes, contentType: type, sha256: sha256)
    }

    /// `field code` of each problem, or the code of the failure where it has no fields.
    private func problems(_ announcement: VideoAnnouncement) -> [String] {
        do {
            _ = try announcement.validated(maximumBytes: Self.maximum)
            return []
        } catch {
            guard let failure = error as? Failure else { return ["\(error)"] }
            return failure.fields.isEmpty
                ? [failure.code] : failure.fields.map { "\($0.field) \($0.code)" }
        }
    }

    @Test func `all problems are told at once`() {
        let bad = announcement(title: " ", filename: "", bytes: 0, type: "", sha256: "x")
        #expect(
            problems(bad) == [
                "title required", "filename invalid", "bytes empty", "contentType invalid", "sha256 invalid",
            ])
    }

    @Test(arguments: [
        ("A", "A"), ("line\nbreak", "line break"), ("a\r\n\r\nb", "a b"), ("日本語 🎬", "日本語 🎬"),
        (String(repeating: "é", count: 200), String(repeating: "é", count: 200)),
    ])
    func `a title is one line`(_ title: String, _ stored: String) throws {
        #expect(try announcement(title: title).validated(maximumBytes: Self.maximum).title == stored)
    }

    @Test(arguments: [
        ("", "required"), (" \t\n", "required"), (String(repeating: "a", count: 201), "too_long"),
    ])
    func `a title has 1 to 200 characters`(_ title: String, _ code: String) {
        #expect(problems(announcement(title: title)) == ["title \(code)"])
    }

    @Test(arguments: [
        ("a", true), ("a b.mp4", true), ("..", true), ("ü🎬.mov", true),
        (String(repeating: "a", count: 255), true), (String(repeating: "a", count: 256), false), ("", false),
        ("a/b", false), ("/", false), ("a\0b", false),
    ])
    func `a file name has 1 to 255 characters and no slash`(_ filename: String, _ isGood: Bool) {
        #expect(problems(announcement(filename: filename)) == (isGood ? [] : ["filename invalid"]))
    }

    @Test func `a slash under an accent is a slash too`() {
        #expect(problems(announcement(filename: "a/\u{301}b")) == ["filename invalid"])
    }

    @Test(arguments: [
        (Int64.min, "bytes empty"), (-1, "bytes empty"), (0, "bytes empty"), (1, nil), (1_000, nil),
        (1_001, "too_large"), (Int64.max, "too_large"),
    ])
    func `a size is 1 to what is allowed`(_ bytes: Int64, _ problem: String?) {
        #expect(problems(announcement(bytes: bytes)) == (problem.map { [$0] } ?? []))
    }

    @Test(arguments: [
        ("video/mp4", true), ("x", true), ("application/octet-stream", true), ("", false),
        ("video/mp4; a=b", false), ("video/\r\nmp4", false), ("vidéo/mp4", false), ("a\u{7F}", false),
        (String(repeating: "a", count: 127), true), (String(repeating: "a", count: 128), false),
    ])
    func `a content type is plain text without spaces`(_ type: String, _ isGood: Bool) {
        #expect(problems(announcement(type: type)) == (isGood ? [] : ["contentType invalid"]))
    }

    @Test(arguments: [
        (String(repeating: "0", count: 64), true), (String(repeating: "F", count: 64), true), ("", false),
        (String(repeating: "g", count: 64), false), (String(repeating: "a", count: 63), false),
        (String(repeating: "a", count: 65), false), (String(repeating: "é", count: 32), false),
    ])
    func `a checksum has 64 hexadecimal digits`(_ sha256: String, _ isGood: Bool) {
        #expect(problems(announcement(sha256: sha256)) == (isGood ? [] : ["sha256 invalid"]))
    }

    @Test func `a checksum is kept in lower case, and full-width digits are none`() throws {
        let upper = String(repeating: "AB", count: 32)
        #expect(
            try announcement(sha256: upper).validated(maximumBytes: Self.maximum).sha256 == upper.lowercased()
        )
        // 21 full-width digits of 3 bytes and one plain digit are 64 bytes.
        #expect(problems(announcement(sha256: String(repeating: "１", count: 21) + "1")) == ["sha256 invalid"])
    }
}
