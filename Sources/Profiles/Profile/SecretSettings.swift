package struct SecretSettings: Sendable, Equatable {
    /// Whether a `file:` secret that is absent is made at the first start.
    package let createMissing: Bool
}

extension SecretSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        createMissing = section.value(
            "createMissing", "Make absent file: secrets at the first start; only where one machine runs all.",
            .boolean, default: false)
    }
}
