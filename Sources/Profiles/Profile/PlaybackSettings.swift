package struct PlaybackSettings: Sendable, Equatable {
    package let signingKey: SecretReference
    package let lifetime: Duration
    package let shedTopRenditionAt: Int
}

extension PlaybackSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        signingKey = section.value("signingKey", "Signs the addresses players use.", .secret(.symmetricKey))
        lifetime = section.value(
            "lifetime", "How long such an address holds.", .duration(in: .seconds(1) ... .days(7)))
        shedTopRenditionAt = section.value(
            "shedTopRenditionAt",
            "Load, in per cent of http.maximumRequestsInFlight, from which new players get all qualities but the highest.",
            .integer(in: 1...100), default: 80)
    }
}
