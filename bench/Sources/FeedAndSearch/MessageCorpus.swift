import Foundation
import Kernel
import Search

/// Messages of a team that speaks three languages, made up: the same at the same place whenever they are made.
struct MessageCorpus: Sendable {
    struct Message: Sendable, Equatable {
        let id: UUIDv7
        let text: String
        let room: UUIDv7
        let author: UserID
    }

    let count: Int
    let tongues: [MadeUpTongue]

    static let rooms = 2_000
    static let authors = 400
    private static let words = 30_000
    private static let mostWords = 24
    /// They were sent evenly through one year.
    private static let year = (start: Int64(1_767_225_600_000), milliseconds: Int64(365 * 86_400_000))

    init(count: Int) {
        self.count = count
        tongues = [
            MadeUpTongue(.english, words: Self.words, seed: 1),
            MadeUpTongue(.german, words: Self.words, seed: 2),
            MadeUpTongue(.russian, words: Self.words, seed: 3),
        ]
    }

    func message(_ place: Int) -> Message {
        var random = SplitMix(state: UInt64(place) &* 0xD134_2543_DE82_EF95)
        let tongue = tongue(&random)
        let length = Self.few(Self.mostWords, &random) + 2
        var words = (0..<length).map { _ in tongue.word(&random) }
        words[0] = words[0].capitalized
        return Message(
            id: Self.id(at: sent(place), &random), text: words.joined(separator: " ") + ".",
            room: Self.room(Self.few(Self.rooms, &random)),
            author: Self.author(Self.few(Self.authors, &random)))
    }

    /// When that message was sent.
    func sent(_ place: Int) -> Timestamp {
        Timestamp(milliseconds: Self.year.start + Self.year.milliseconds * Int64(place) / Int64(count))
    }

    /// Six of ten messages are in the first, one in the last.
    func tongue(_ random: inout SplitMix) -> MadeUpTongue {
        let chance = Int.random(in: 0..<10, using: &random)
        return tongues[chance < 6 ? 0 : chance < 9 ? 1 : 2]
    }

    static func room(_ number: Int) -> UUIDv7 {
        UUIDv7(high: 0x0198_0000_0000_7000, low: 1 << 63 | UInt64(number))
    }

    static func author(_ number: Int) -> UserID {
        UserID(UUIDv7(high: 0x0198_0000_0001_7000, low: 1 << 63 | UInt64(number)))
    }

    /// Below `bound`, small ones more often: the first tenth is a half of all.
    static func few(_ bound: Int, _ random: inout SplitMix) -> Int {
        let chance = Double.random(in: 0..<1, using: &random)
        return min(bound - 1, Int(pow(chance, 3.32) * Double(bound)))
    }

    private static func id(at time: Timestamp, _ random: inout SplitMix) -> UUIDv7 {
        UUIDv7(
            high: UInt64(time.milliseconds) << 16 | 0x7000 | random.next() & 0xFFF,
            low: random.next() >> 2 | 1 << 63)
    }
}

extension MessageCorpus.Message {
    var document: SearchDocument {
        SearchDocument(DocumentKey(.message, id), title: "", text: text, author: author, room: room)
    }
}
