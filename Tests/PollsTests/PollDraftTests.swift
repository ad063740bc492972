import Kernel
import Testing

@testable import Polls

@Suite struct PollDraftTests {
    @Test func `texts are trimmed and stay as they were sent`() throws {
        let draft = try PollDraft(question: " Té? ☕ \n", options: ["a ", " ب"]).validated()
        #expect(draft == PollDraft(question: "Té? ☕", options: ["a", "ب"]))
    }

    @Test(arguments: [
        ("", ["a", "b"], ["question"]), ("a\nb", ["a", "b"], ["question"]),
        (String(repeating: "q", count: 201), ["a", "b"], ["question"]), ("?", ["a"], ["options"]),
        ("?", (0...10).map(String.init), ["options"]), ("?", ["a", " a"], ["options"]),
        ("?", ["a", " "], ["options"]), ("?", ["a", "b\u{0}"], ["options"]),
        (" ", [], ["question", "options"]),
    ])
    func `what is wrong is named, all at once`(_ question: String, _ options: [String], _ fields: [String]) {
        let failure = #expect(throws: Failure.self) {
            try PollDraft(question: question, options: options).validated()
        }
        #expect(failure?.fields.map(\.field) == fields)
    }

    @Test func `two to ten options are a choice`() throws {
        for count in PollDraft.optionCount {
            let options = (0..<count).map(String.init)
            #expect(try PollDraft(question: "?", options: options).validated().options == options)
        }
    }
}
