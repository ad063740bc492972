import Foundation
import Kernel
import Search

/// What a team looks for, and the least that a plain table must be asked to find the same.
struct SearchMix: Sendable {
    enum Kind: String, Sendable, CaseIterable { case rare, common, prefix, phrase, typo, room, author, time }

    struct Question: Sendable {
        let kind: Kind
        /// As somebody types it.
        let text: String
        let plain: PlainQuestion
    }

    let questions: [Question]

    /// The same questions of the same corpus, in turns of all kinds.
    init(_ corpus: MessageCorpus, ofEachKind count: Int) {
        var random = SplitMix(state: 7)
        questions = (0..<count).flatMap { _ in
            Kind.allCases.map { Self.question($0, corpus, &random) }
        }
    }

    private static func question(
        _ kind: Kind, _ corpus: MessageCorpus, _ random: inout SplitMix
    ) -> Question {
        let common = word(corpus, 20..<400, &random)
        var plain = PlainQuestion(pieces: [" " + folded(common)])
        var text = common
        switch kind {
        case .common: break
        case .rare:
            text = word(corpus, 6_000..<30_000, &random)
            plain.pieces = [" " + folded(text)]
        case .prefix:
            text = String(word(corpus, 300..<6_000, &random).prefix(4))
            plain.pieces = [" " + folded(text)]
            text += "*"
        case .phrase:
            text = phrase(corpus, &random)
            plain.pieces = [" " + folded(text) + " "]
            text = "\"\(text)\""
        case .typo:
            let meant = word(corpus, 400..<20_000, &random)
            text = mistyped(meant, &random)
            plain.pieces = [" " + folded(text), " " + folded(meant) + " "]
        case .room:
            let room = MessageCorpus.room(MessageCorpus.few(MessageCorpus.rooms, &random))
            plain.room = room
            text += " room:\(room)"
        case .author:
            let author = MessageCorpus.author(MessageCorpus.few(MessageCorpus.authors, &random))
            plain.author = author
            text += " author:\(author)"
        case .time:
            // A month.
            let start = Int.random(in: 0..<corpus.count * 11 / 12, using: &random)
            let (from, until) = (corpus.sent(start), corpus.sent(start + corpus.count / 12))
            plain.sent = from..<until
            text += " after:\(from) before:\(until)"
        }
        return Question(kind: kind, text: text, plain: plain)
    }

    /// Of these ranks of frequency; long enough to be mistyped.
    private static func word(_ corpus: MessageCorpus, _ ranks: Range<Int>, _ random: inout SplitMix) -> String
    {
        let tongue = corpus.tongue(&random)
        while true {
            let word = tongue.words[Int.random(in: ranks, using: &random)]
            if word.count >= 4 { return word }
        }
    }

    /// Two words that somebody said one after the other.
    private static func phrase(_ corpus: MessageCorpus, _ random: inout SplitMix) -> String {
        let message = corpus.message(Int.random(in: 0..<corpus.count, using: &random))
        let words = FoldedText(message.text).words.map(\.text)
        let start = Int.random(in: 0..<words.count - 1, using: &random)
        return words[start...start + 1].joined(separator: " ")
    }

    /// Two letters in the wrong order, or one left out; not the first, which people get right.
    static func mistyped(_ word: String, _ random: inout SplitMix) -> String {
        var letters = Array(word)
        let place = Int.random(in: 1..<letters.count - 1, using: &random)
        if letters.count > 4, Bool.random(using: &random) || letters[place] == letters[place + 1] {
            letters.remove(at: place)
        } else {
            letters.swapAt(place, place + 1)
        }
        return String(letters)
    }

    private static func folded(_ text: String) -> String {
        FoldedText(text).words.map(\.text).joined(separator: " ")
    }
}
