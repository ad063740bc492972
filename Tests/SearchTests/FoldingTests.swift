import Kernel
import Testing

@testable import Search

/// How text becomes words.
@Suite struct FoldingTests {
    @Test(
        arguments: [
            ("Hello, World!", "hello world"), ("Ångström naïve Ünïcode", "angstrom naive unicode"),
            ("Straße STRASSE", "strasse strasse"), ("ΟΔΟΣ οδός", "οδοσ οδοσ"),
            ("İstanbul ılık", "istanbul ilik"),
            ("Øresund Łódź Æther œuvre", "oresund lodz aether oeuvre"), ("Ёлка Й", "елка и"),
            ("don't don’t", "dont dont"), ("rock'n'roll", "rocknroll"), ("take_2 v1.5", "take 2 v1 5"),
            ("ada@example.com", "ada example com"), ("ﬁnal ½ x²", "final 12 x2"),
            ("Ｆｕｌｌ ｗｉｄｔｈ", "full width"),
            ("soft\u{AD}hyphen zero\u{200D}join", "softhyphen zerojoin"), ("", ""), ("\u{0}\u{1}…—!", ""),
            ("e\u{301}te\u{301}", "ete"), ("\u{301}alone", "alone"), ("שָׁלוֹם", "שלום"), ("हिन्दी", "हिन्दी"),
            ("한국어 영상", "한국어 영상"),
        ])
    func `a text becomes words without case, accents and form`(_ text: String, _ folded: String) {
        #expect(FoldedText(text).joined == folded)
    }

    @Test(
        arguments: [
            ("会議の資料", "会 議 の 資 料"), ("カタカナ", "カ タ カ ナ"), ("OK会議", "ok 会 議"),
            ("go 🚀 now👍🏽", "go 🚀 now 👍"), ("ﾊﾞｯｸ", "バ ッ ク"), ("ハ\u{3099}", "バ"), ("สวัสดี", "ส วั ส ดี"),
        ])
    func `characters of scripts without spaces, and pictures, are words of their own`(
        _ text: String, _ folded: String
    ) {
        #expect(FoldedText(text).joined == folded)
    }

    @Test func `a word knows its place in UTF-16`() {
        let words = FoldedText("🦆 Ünï, don’t 会").words
        #expect(words.map(\.text) == ["🦆", "uni", "dont", "会"])
        #expect(words.map(\.range) == [0..<2, 3..<6, 8..<13, 14..<15])
    }

    @Test func `long texts and long words are cut`() {
        let text = String(repeating: "word ", count: 5_000)
        let folded = FoldedText(text, maximumBytes: 100)
        #expect(folded.words.count == 20)
        #expect(FoldedText(String(repeating: "a", count: 1_000)).joined.count == FoldedText.maximumWordLength)
        #expect(
            FoldedText(String(repeating: "é", count: 1_000)).joined.count == FoldedText.maximumWordLength)
    }

    @Test
    func `what is searched tells title from text and holds nothing that an engine could take for its own`() {
        let document = SearchDocument(
            DocumentKey(.video, .init()), title: "A <b> \"OR\" NEAR(x)", text: "100% | _;\\ \u{0} it's")
        #expect(document.searched == "< a b or near x > 100 its ")
        #expect(SearchDocument(DocumentKey(.video, .init()), title: "").searched == "<  >  ")
    }

    @Test func `folding twice is folding once`() {
        for text in ["Straße ½ ﷺ", "İ ΑΣ ς", "ﾊﾞｯｸ", "Ǆ ŉ ΰ", "हिन्दी ไทย"] {
            let once = FoldedText(text).joined
            #expect(FoldedText(once).joined == once, "\(text)")
        }
    }
}
