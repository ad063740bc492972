package struct PlaybackSettings: Sendable, Equatable {
    package let signingKey: SecretReference
    package let lifetime: Duration
}

extension PlaybackSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        signingKey = section.value("signingKey", "Signs the addresses players use.", .secret(.symmetricKey))
        lifetime = section.value(
            "lifetime", "How long such an address holds.", .duration(in: .seconds(1) ... .days(7)))
    }
}
