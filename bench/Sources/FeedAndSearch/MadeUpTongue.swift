import Foundation

/// Words of a language that there is not, by how often they are said: spoken like one that there is, so that its
/// groups of three letters are as unevenly spread as those of people's messages.
struct MadeUpTongue: Sendable {
    /// The most frequent first.
    let words: [String]
    /// Of each word, how likely it or one before it is.
    private let shares: [Double]

    /// What syllables of a language are made of; what stands earlier comes more often.
    struct Sounds: Sendable {
        let onsets: [String]
        let vowels: [String]
        let codas: [String]
    }

    init(_ sounds: Sounds, words count: Int, seed: UInt64) {
        var random = SplitMix(state: seed)
        var known: Set<String> = []
        var words: [String] = []
        while words.count < count {
            let word = Self.word(sounds, syllables: Self.syllables(words.count, &random), &random)
            if known.insert(word).inserted { words.append(word) }
        }
        self.words = words
        // Zipf's law, with Mandelbrot's shift, which keeps the first few from being half of all.
        var sum = 0.0
        let sums = (0..<count).map { rank in
            sum += 1 / (Double(rank) + 2.7)
            return sum
        }
        shares = sums.map { $0 / sum }
    }

    func word(_ random: inout SplitMix) -> String {
        let share = Double.random(in: 0..<1, using: &random)
        var (low, high) = (0, shares.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if shares[middle] > share { high = middle } else { low = middle + 1 }
        }
        return words[low]
    }

    /// Frequent words are short.
    private static func syllables(_ rank: Int, _ random: inout SplitMix) -> Int {
        let most = rank < 60 ? 1 : rank < 1_500 ? 2 : rank < 12_000 ? 3 : 4
        return max(1, most - Int.random(in: 0..<4, using: &random) / 3)
    }

    private static func word(_ sounds: Sounds, syllables: Int, _ random: inout SplitMix) -> String {
        var word = ""
        for _ in 0..<syllables {
            word += pick(sounds.onsets, &random) + pick(sounds.vowels, &random)
            if Bool.random(using: &random) { word += pick(sounds.codas, &random) }
        }
        return word
    }

    /// The square of an even chance: early ones more often.
    private static func pick(_ choices: [String], _ random: inout SplitMix) -> String {
        let chance = Double.random(in: 0..<1, using: &random)
        return choices[Int(chance * chance * Double(choices.count))]
    }
}

extension MadeUpTongue.Sounds {
    static let english = Self(
        onsets: [
            "t", "s", "", "w", "c", "b", "h", "th", "m", "f", "d", "r", "l", "p", "st", "sh", "g", "pr", "ch",
            "tr",
            "cl", "br", "gr", "v", "k", "qu", "j", "wh", "sp",
        ],
        vowels: ["e", "a", "i", "o", "u", "ea", "ou", "ee", "ai", "oo", "y", "ow"],
        codas: ["n", "s", "t", "r", "d", "l", "ng", "m", "nt", "ck", "st", "nd", "ll", "p", "ss", "x"])
    static let german = Self(
        onsets: [
            "d", "g", "", "w", "s", "b", "sch", "m", "f", "h", "st", "v", "n", "k", "l", "z", "r", "sp", "tr",
            "gr",
            "pf", "kl", "zw",
        ],
        vowels: ["e", "a", "i", "ei", "u", "ie", "o", "au", "ü", "ö", "ä", "eu"],
        codas: ["n", "r", "ch", "t", "s", "l", "nd", "rt", "cht", "ng", "m", "st", "ss", "ck", "tz", "ß"])
    static let russian = Self(
        onsets: [
            "п", "н", "", "с", "в", "к", "т", "д", "м", "р", "л", "з", "б", "г", "пр", "ст", "ч", "ж", "ш",
            "кр",
            "вз",
        ],
        vowels: ["о", "а", "е", "и", "у", "ы", "я", "ю", "э"],
        codas: ["т", "л", "н", "й", "м", "с", "в", "сть", "р", "ть", "к", "х", "нн", "ц"])
}
