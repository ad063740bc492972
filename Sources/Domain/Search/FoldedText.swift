private import Foundation

/// A text as words without case, accents and form, each with its place in the original.
///
/// Letters, numbers and their marks make words; everything else separates them. Scripts that put no spaces between words
/// give one word for each character, as do pictures. Both engines get what this makes and fold nothing themselves.
package struct FoldedText: Sendable, Equatable {
    package struct Word: Sendable, Equatable {
        package let text: String
        /// In UTF-16 units of the original.
        package let range: Range<Int>
    }

    /// Scalars of a word; the rest of a longer one is left out.
    package static let maximumWordLength = 64

    package let words: [Word]

    /// The words that have room in `maximumBytes` with a space after each.
    package init(_ text: String, maximumBytes: Int = .max) {
        var words: [Word] = []
        var room = maximumBytes
        Self.split(text) { run, range in
            let folded = Self.folded(run)
            guard !folded.isEmpty else { return true }
            room -= folded.utf8.count + 1
            guard room >= 0 else { return false }
            words.append(Word(text: folded, range: range))
            return true
        }
        self.words = words
    }

    package var joined: String { words.map(\.text).joined(separator: " ") }

    /// Calls `body` with each run of scalars that is a word, until it returns false.
    private static func split(_ text: String, _ body: (String.UnicodeScalarView, Range<Int>) -> Bool) {
        var run = String.UnicodeScalarView()
        var (start, end, offset) = (0, 0, 0)
        // Whether the run is a character that is a word by itself, with its marks.
        var endsWhole = false
        func endRun() -> Bool {
            defer { run = String.UnicodeScalarView() }
            return run.isEmpty || body(run, start..<end)
        }
        for scalar in text.unicodeScalars {
            let next = offset + UTF16.width(scalar)
            defer { offset = next }
            switch ScalarPart(scalar) {
            case .word, .whole:
                let isWhole = ScalarPart(scalar) == .whole
                if isWhole || endsWhole { guard endRun() else { return } }
                if run.isEmpty { start = offset }
                run.append(scalar)
                (end, endsWhole) = (next, isWhole)
            case .mark:
                guard !run.isEmpty else { continue }
                run.append(scalar)
                end = next
            case .nothing: continue
            case .separator: guard endRun() else { return }
            }
        }
        _ = endRun()
    }

    private static func folded(_ run: String.UnicodeScalarView) -> String {
        let text = String(run)
        if text.utf8.allSatisfy({ $0 < 128 }) {
            let lowered = text.lowercased()
            return lowered.utf8.count > maximumWordLength
                ? String(lowered.prefix(maximumWordLength)) : lowered
        }
        var folded = String.UnicodeScalarView()
        for scalar in text.decomposedStringWithCompatibilityMapping.unicodeScalars
        where !ScalarPart.isAccent(scalar) {
            // Upper case first: `ß` and `SS`, the three sigmas and others meet there.
            for upper in (letters[scalar] ?? String(scalar)).uppercasedScalars {
                folded.append(contentsOf: upper.properties.lowercaseMapping.unicodeScalars)
            }
        }
        let composed = String(folded).precomposedStringWithCompatibilityMapping.unicodeScalars.filter {
            switch ScalarPart($0) {
            case .word, .mark, .whole: true
            case .nothing, .separator: false
            }
        }
        return String(String.UnicodeScalarView(composed.prefix(maximumWordLength)))
    }

    /// Letters that Unicode does not take apart, though people leave out their strokes.
    private static let letters: [Unicode.Scalar: String] = [
        "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "ħ": "h", "Ħ": "h",
        "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th", "ı": "i",
    ]
}

extension String {
    fileprivate var uppercasedScalars: [Unicode.Scalar] {
        unicodeScalars.flatMap { Array($0.properties.uppercaseMapping.unicodeScalars) }
    }
}

/// What a scalar is to a word.
private enum ScalarPart {
    case word, mark
    /// A word by itself.
    case whole
    /// As if it were not there.
    case nothing
    case separator

    init(_ scalar: Unicode.Scalar) {
        if scalar.value < 128 {
            self = Self.ascii(scalar)
            return
        }
        let properties = scalar.properties
        if properties.isDefaultIgnorableCodePoint || properties.isEmojiModifier || scalar.value == 0x2019 {
            self = .nothing
            return
        }
        if scalar.value == 0xFF9E || scalar.value == 0xFF9F {
            // The voice marks of narrow kana.
            self = .mark
            return
        }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: self = .mark
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            self = properties.isIdeographic || Self.isUnspaced(scalar.value) ? .whole : .word
        case .decimalNumber, .letterNumber, .otherNumber: self = .word
        case .otherSymbol: self = .whole
        default: self = .separator
        }
    }

    private static func ascii(_ scalar: Unicode.Scalar) -> ScalarPart {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": .word
        // `don't` is found by `dont`.
        case "'": .nothing
        default: .separator
        }
    }

    /// Scripts written without spaces: kana, Thai, Lao, Myanmar, Khmer.
    private static func isUnspaced(_ value: UInt32) -> Bool {
        switch value {
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3040...0x30FF, 0x31F0...0x31FF,
            0xFF66...0xFF9D:
            true
        default: false
        }
    }

    /// Marks that people leave out: accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic.
    static func isAccent(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0300...0x036F, 0x0591...0x05BD, 0x05BF...0x05C7, 0x064B...0x065F, 0x0670, 0x1AB0...0x1AFF,
            0x1DC0...0x1DFF, 0x20D0...0x20FF, 0xFE20...0xFE2F:
            true
        default: false
        }
    }
}
