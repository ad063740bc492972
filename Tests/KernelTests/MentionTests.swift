import Kernel
import Testing

@Suite struct MentionTests {
    private static let (ada, bob) = (UserID(), UserID())

    @Test(arguments: [
        ("hi <@\(ada)>, meet <@\(bob)> and <@\(ada)>!", [ada, bob]), ("<@\(bob)><@\(ada)>", [bob, ada]),
        ("@\(ada) <\(ada)> <@\(ada)", []), ("<@not-an-id> <@>", []), ("<<@\(ada)>>", [ada]),
        ("é<@\(ada)>é", [ada]), ("<@\(String(ada.description.dropLast()))>", []), ("", []), ("<", []),
        ("<@\(ada.description.uppercased())>", [ada]), ("<@\(ada)>\u{301} 🦆<@\(bob)>", [ada, bob]),
        ("<@" + String(repeating: "é", count: 18) + ">", []),
    ])
    func `people are named by their ids in brackets, each once, in order`(
        _ text: String, _ expected: [UserID]
    ) {
        #expect(Mention.users(in: text) == expected)
        // One reading for all: what names somebody is named, and is gone where it is removed.
        let named = Mention.naming(text) { $0 == Self.ada ? "Ada" : "Bob" }
        for user in [Self.ada, Self.bob] {
            let name = user == Self.ada ? "@Ada" : "@Bob"
            #expect(named.unicodeScalars.contains(name.unicodeScalars) == expected.contains(user))
        }
        #expect(Mention.users(in: named).isEmpty)
        let removed = Mention.removed(from: text)
        #expect(expected.isEmpty ? removed == text && named == text : removed != text)
    }

    @Test func `what is around a mark stays to the byte`() {
        let text = "🦆\r\n<@\(Self.ada)>\u{301}, <@nobody> <@\(Self.bob)>\n"
        #expect(Mention.naming(text) { $0 == Self.ada ? "A" : "B" } == "🦆\r\n@A\u{301}, <@nobody> @B\n")
        #expect(Mention.removed(from: text).utf8.elementsEqual("🦆\r\n\u{301}, <@nobody> \n".utf8))
    }

    @Test(arguments: [
        ("", ""), ("  ", ""), ("a", "a"), (" \t\r\n a b \u{2003}\n", "a b"),
        ("\u{301}x\u{301} ", "\u{301}x\u{301}"),
    ])
    func `white space around a text is trimmed, and nothing else`(_ text: String, _ expected: String) {
        #expect(text.trimmed == expected)
    }
}
