/// One slip of the fingers: a letter too many, missing, wrong, or two exchanged.
///
/// Two words that are one slip apart have a clue in common: either word, or either without one of its letters. So an
/// index finds the neighbours of a word by looking up few numbers, whatever engine it is on.
package enum Typo {
    /// Shorter words have too many neighbours; longer ones are names of things, not words.
    private static let length = 4...24

    package static func isPossible(_ word: String) -> Bool {
        let scalars = word.unicodeScalars
        return length.contains(scalars.count) && scalars.allSatisfy(\.properties.isAlphabetic)
    }

    /// Numbers of the word and of each form with a letter less; at most 25. Equal on all machines and for ever, since
    /// they are stored.
    package static func clues(of word: String) -> [Int64] {
        let scalars = Array(word.unicodeScalars)
        var clues: Set<Int64> = [clue(scalars[...], without: nil)]
        for index in scalars.indices { clues.insert(clue(scalars[...], without: index)) }
        return clues.sorted()
    }

    /// FNV-1a, 64 bits, over the scalars.
    private static func clue(_ scalars: ArraySlice<Unicode.Scalar>, without left: Int?) -> Int64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for (index, scalar) in scalars.enumerated() where index != left {
            for shift in stride(from: 0, to: 32, by: 8) {
                hash = (hash ^ UInt64(scalar.value >> UInt32(shift) & 0xFF)) &* 0x100_0000_01b3
            }
        }
        return Int64(bitPattern: hash)
    }

    /// Whether one slip, or none, makes one word the other.
    package static func separates(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
        guard abs(left.count - right.count) <= 1 else { return false }
        var same = 0
        while same < min(left.count, right.count), left[same] == right[same] { same += 1 }
        let (a, b) = (left[same...], right[same...])
        if left.count == right.count {
            if a.dropFirst().elementsEqual(b.dropFirst()) { return true }
            return a.count >= 2 && a.dropFirst(2).elementsEqual(b.dropFirst(2))
                && a[same] == b[same + 1] && a[same + 1] == b[same]
        }
        return left.count > right.count ? a.dropFirst().elementsEqual(b) : b.dropFirst().elementsEqual(a)
    }
}
