import Kernel
import Testing

@testable import Chat

@Suite struct MessageTextTests {
    private static let ada = UserID()
    private static let bob = UserID()

    @Test(arguments: [
        ("hello", "hello"), ("  hello \n", "hello"), ("a\n\tb", "a\n\tb"),
        ("\u{3000}wide\u{00A0}", "wide"),
        ("👩‍👩‍👧‍👦 🏳️‍🌈 ❤️", "👩‍👩‍👧‍👦 🏳️‍🌈 ❤️"), ("مرحبا بالعالم", "مرحبا بالعالم"),
        ("\u{202B}abc\u{202C}", "\u{202B}abc\u{202C}"), ("e\u{301}\u{327}", "e\u{301}\u{327}"),
        ("<script>alert('x')</script>", "<script>alert('x')</script>"),
    ])
    func `text stays as it was sent, but for white space around it`(_ sent: String, _ kept: String) throws {
        let text = try MessageText.validated(sent)
        // Compared byte by byte: equal strings may be composed differently.
        #expect(Array(text.utf8) == Array(kept.utf8))
    }

    @Test(arguments: [
        ("", "required"), (" \n\t ", "required"), ("a\u{0}b", "control_character"),
        ("a\rb", "control_character"), ("a\u{1B}[31m", "control_character"),
        ("a\u{85}b", "control_character"),
        ("a\u{7F}", "control_character"), (String(repeating: "a", count: 8_001), "too_long"),
        (String(repeating: "é", count: 4_001), "too_long"),
    ])
    func `what cannot be a message is refused and says why`(_ sent: String, _ code: String) {
        let failure = #expect(throws: Failure.self) { try MessageText.validated(sent) }
        #expect(failure?.fields.map(\.code) == [code] && failure?.fields.map(\.field) == ["body"])
    }

    @Test func `eight thousand bytes are allowed, white space around them not counted`() throws {
        let text = String(repeating: "é", count: 4_000)
        #expect(try MessageText.validated("  " + text + "\n\n") == text)
    }

    @Test func `a message names at most twenty people`() throws {
        let people = (0..<21).map { _ in "<@\(UserID())>" }
        #expect(throws: Failure.self) { try MessageText.validated(people.joined(separator: " ")) }
        #expect(try !MessageText.validated(people.prefix(20).joined()).isEmpty)
        #expect(try !MessageText.validated(Array(repeating: people[0], count: 50).joined()).isEmpty)
    }

    @Test(arguments: [
        ("a", true), ("A-z_9", true), (String(repeating: "a", count: 64), true), ("", false),
        (String(repeating: "a", count: 65), false), ("a b", false), ("é", false), ("a.b", false),
    ])
    func `client ids are 1 to 64 plain characters`(_ text: String, _ isFine: Bool) {
        #expect(MessageText.isClientID(text) == isFine)
    }

    @Test func `a draft tells all that is wrong with it at once`() {
        let failure = #expect(throws: Failure.self) {
            try MessageDraft(body: " ", clientID: "ü").validated()
        }
        #expect(failure?.fields.map(\.field) == ["body", "clientId"])
    }

    @Test(arguments: [("General", "General"), ("  a  ", "a"), (String(repeating: "x", count: 100), nil)])
    func `a title has up to a hundred characters`(_ title: String, _ kept: String?) throws {
        #expect(try MessageText.validated(title: title) == kept ?? title)
        #expect(throws: Failure.self) {
            try MessageText.validated(title: title + String(repeating: "y", count: 100))
        }
        #expect(throws: Failure.self) { try MessageText.validated(title: "a\nb") }
        #expect(throws: Failure.self) { try MessageText.validated(title: " ") }
    }
}
