/// RFC 5646 tags from the three-letter codes that containers carry.
enum LanguageTag {
    private static let short = [
        "ara": "ar", "bul": "bg", "cat": "ca", "ces": "cs", "cze": "cs", "chi": "zh", "zho": "zh",
        "dan": "da",
        "deu": "de", "ger": "de", "dut": "nl", "nld": "nl", "ell": "el", "gre": "el", "eng": "en",
        "est": "et",
        "fin": "fi", "fra": "fr", "fre": "fr", "heb": "he", "hin": "hi", "hrv": "hr", "hun": "hu",
        "ind": "id",
        "ita": "it", "jpn": "ja", "kor": "ko", "lav": "lv", "lit": "lt", "nob": "nb", "nor": "no",
        "pol": "pl",
        "por": "pt", "ron": "ro", "rum": "ro", "rus": "ru", "slk": "sk", "slo": "sk", "slv": "sl",
        "spa": "es",
        "srp": "sr", "swe": "sv", "tha": "th", "tur": "tr", "ukr": "uk", "vie": "vi",
    ]

    /// Nil for "undetermined" and for what is no tag at all.
    static func normalised(_ tag: String) -> String? {
        let tag = tag.lowercased()
        guard tag != "und", (2...35).contains(tag.count),
            tag.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
        else { return nil }
        return short[tag] ?? tag
    }
}
